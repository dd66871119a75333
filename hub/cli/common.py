"""What the commands share: how they are added to the parser and how they print."""

from __future__ import annotations

import argparse
import inspect
import json
from collections.abc import Callable, Container, Sequence

Run = Callable[[argparse.Namespace], int]


class Commands:
    """The commands of a parser. A group adds its own with `add`."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._commands = parser.add_subparsers(metavar="COMMAND", required=True)
        self._debug = argparse.ArgumentParser(add_help=False)
        self._debug.add_argument(
            "--debug", action="store_true", help="show the traceback of an error"
        )

    def add(self, name: str, run: Run) -> argparse.ArgumentParser:
        """A new command and its parser, to which the caller adds arguments.

        `run` gets the parsed arguments and returns the exit status. The first line of its
        docstring is the command's help; what follows, its examples above all, is printed below
        the arguments.
        """
        summary, _, rest = inspect.cleandoc(run.__doc__ or "").partition("\n")
        command: argparse.ArgumentParser = self._commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=rest.strip("\n"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[self._debug],
        )
        command.set_defaults(run=run)
        return command


def print_json(value: object) -> None:
    """Print a value as JSON; what JSON does not have, paths for one, as its text."""
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


def print_table(rows: Sequence[Sequence[str]], right: Container[int] = ()) -> None:
    """Print rows with their columns aligned; `right` names those that are aligned to the right.

    >>> print_table([["9 B", "a"], ["10 MB", "b"]], right=[0])
      9 B  a
    10 MB  b
    """
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
