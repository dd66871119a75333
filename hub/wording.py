"""Words for people, in messages and in what the commands print."""

from __future__ import annotations


def format_count(count: int, thing: str, things: str | None = None) -> str:
    """A number of things; `things` is their plural, where that is another than one with an s.

    >>> format_count(1, "file"), format_count(0, "file"), format_count(2, "entry", "entries")
    ('1 file', '0 files', '2 entries')
    """
    return f"{count} {thing if count == 1 else things or f'{thing}s'}"
