"""Options and printing that the commands share."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Container, Sequence

_NARROWEST = 20  # minimum width of the last column beside the others


def add_patterns(command: argparse.ArgumentParser) -> None:
    """Add the options --include and --exclude."""
    for name, what in (("include", "only such files"), ("exclude", "no such files")):
        text = f"of repositories: {what}"
        command.add_argument(f"--{name}", metavar="PATTERN", action="append", help=text)


def add_quiet(command: argparse.ArgumentParser) -> None:
    """Add the option --quiet; `options.progress` is then that of the functions of `hub`."""
    text = "draw no progress bar"
    command.add_argument("--quiet", dest="progress", action="store_const", const=False, help=text)


def add_offline(command: argparse.ArgumentParser) -> None:
    """Add the option --offline."""
    command.add_argument("--offline", action="store_true", default=None, help="never fetch")


def print_json(value: object) -> None:
    """Print a value as JSON; other types, such as paths, as text."""
    print(json.dumps(value, indent=1, default=str))


def format_bytes(count: int) -> str:
    """A number of bytes for people.

    >>> format_bytes(999), format_bytes(18_826_032)
    ('999 B', '18.8 MB')
    """
    value, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 999.95 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"


def line_width() -> int | None:
    """The columns of the terminal, None if the output is not a terminal.

    The environment variable COLUMNS has precedence.
    """
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return None


def print_table(
    rows: Sequence[Sequence[str]], right: Container[int] = (), widths: Sequence[int] = ()
) -> None:
    """Print rows with their columns aligned; `right` names those that are aligned to the right.

    `widths` are the minimum widths of the first columns. The last cell of a line wider than the
    terminal is folded.

    >>> print_table([["9 B", "a"], ["10 MB", "b"]], right=[0])
      9 B  a
    10 MB  b
    """
    if not rows:
        return
    fixed = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    fixed = [max(pair) for pair in zip(fixed, [*widths, *[0] * len(fixed)], strict=False)]
    for *cells, last in rows:
        start = "".join(
            (cell.rjust(width) if number in right else cell.ljust(width)) + "  "
            for number, (cell, width) in enumerate(zip(cells, fixed, strict=True))
        )
        print(*_folded(start, last), sep="\n")


def _folded(start: str, last: str) -> list[str]:
    """The lines of a row, the last cell below the others if it does not fit beside them."""
    width = line_width()
    if width is None or len(start) + len(last) <= width:
        return [(start + last).rstrip()]
    if width - len(start) >= _NARROWEST:
        head, indent = [], len(start)
    else:
        head, indent, start = [start.rstrip()], 2, "  "
    room = max(width - indent, 1)
    first, *more = textwrap.wrap(last, room, break_on_hyphens=False) or [""]
    return [*head, start + first, *(" " * indent + line for line in more)]
