"""Text in messages and in the output of commands."""

from __future__ import annotations

import os
import re

# Reprs of objects in messages of libraries.
_OBJECT = re.compile(r"<[^<>]* object at 0x[0-9a-f]+>:? *|\b_?\w+\((?:host|port)=[^()]*\):? *")


def format_count(count: int, thing: str, things: str | None = None) -> str:
    """A count with its noun; `things` is the plural if it is not formed by an s.

    >>> format_count(1, "file"), format_count(0, "file"), format_count(2, "entry", "entries")
    ('1 file', '0 files', '2 entries')
    """
    return f"{count} {thing if count == 1 else things or f'{thing}s'}"


def one_line(error: BaseException) -> str:
    """The message of an exception on one line, without reprs of objects."""
    return " ".join(_OBJECT.sub("", str(error)).split()) or type(error).__name__


def root_cause(error: BaseException) -> str:
    """The message of the innermost wrapped exception, on one line.

    >>> root_cause(ValueError("cannot be sent", ConnectionRefusedError(111, "Connection refused")))
    'Connection refused'
    """
    while inner := _wrapped(error):
        error = inner
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror or os.strerror(error.errno)
    return one_line(error)


def _wrapped(error: BaseException) -> BaseException | None:
    inner = (getattr(error, "reason", None), *error.args, error.__cause__)
    return next((value for value in inner if isinstance(value, BaseException)), None)
