"""The framework of the commands `hub` and `zoo`: arguments, exit statuses, signals and streams."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import inspect
import logging
import os
import re
import shutil
import signal
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn, TextIO, cast

import hub
from hub.errors import HubError

Run = Callable[[argparse.Namespace], int]

ERROR = 1
USAGE = 2
_INTERRUPTED = 128 + signal.SIGINT  # as shells report it
_TERMINATED = 128 + signal.SIGTERM

EXIT_STATUS = """\
exit status:
  0  done      1  an error, or not all is well      2  wrong usage
  130  interrupted (Ctrl-C)      143  terminated
"""


class Terminated(KeyboardInterrupt):
    """SIGTERM was received; work in progress ends as after Ctrl-C."""


class OutputError(Exception):
    """Standard output cannot be written."""


class _Output:
    """Standard output that raises OutputError, as an OSError could be of any file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with _output_errors():
            return self._stream.write(text)

    def flush(self) -> None:
        with _output_errors():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Program:
    """A command with subcommands.

    `errors` are the exceptions that end it with one line on standard error and status 1.
    """

    def __init__(
        self,
        name: str,
        description: str,
        epilog: str,
        errors: tuple[type[Exception], ...] = (HubError, OSError),
    ) -> None:
        self._name = name
        self._errors = errors
        self._parser = argparse.ArgumentParser(
            prog=name,
            description=description,
            epilog=epilog + "\n" + EXIT_STATUS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        version = f"{name} {hub.__version__}"
        self._parser.add_argument("--version", action="version", version=version)
        self._subparsers = self._parser.add_subparsers(metavar="COMMAND", required=True)
        self._commands: dict[str, argparse.ArgumentParser] = {}

    def add(self, name: str, run: Run, *, json: bool = True) -> argparse.ArgumentParser:
        """Add a subcommand and return its parser, to which the caller adds arguments.

        `run` gets the parsed arguments and returns the exit status. The first line of its
        docstring is the command's help; the rest, such as examples, is printed below the
        arguments. `json` adds the option `--json`.
        """
        summary, _, rest = inspect.cleandoc(run.__doc__ or "").partition("\n")
        command: argparse.ArgumentParser = self._subparsers.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=rest.strip("\n"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if json:
            command.add_argument("--json", action="store_true", help="print JSON")
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
        command.set_defaults(run=run)
        self._commands[name] = command
        return command

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run the command that the arguments name and return its exit status."""
        _open_missing_streams()
        try:
            with _raising_on_sigterm(), _naming_output():
                return self._main(sys.argv[1:] if arguments is None else list(arguments))
        except Terminated:
            print(f"{self._name}: terminated", file=sys.stderr)
            return _TERMINATED
        except KeyboardInterrupt:
            print(f"{self._name}: interrupted", file=sys.stderr)
            return _INTERRUPTED

    def report(self, error: Exception, *, debug: bool = False) -> None:
        """Print an error in one line, or with its traceback."""
        if debug:
            traceback.print_exception(error)
        else:
            print(f"{self._name}: error: {' '.join(str(error).split())}", file=sys.stderr)

    def _main(self, arguments: Sequence[str]) -> int:
        try:
            try:
                options = self._parse(arguments)
                with self._logging(quiet=_is_quiet(options)):
                    status: int = options.run(options)
            except BrokenPipeError:
                raise
            except self._errors as error:
                self.report(error, debug="--debug" in arguments)
                status = ERROR
            finally:
                sys.stdout.flush()
            return status
        except BrokenPipeError:  # the reader has closed the pipe, as `head` does
            _discard_output()
            return 0
        except OutputError as error:
            _discard_output()
            self.report(error)
            return ERROR

    @contextlib.contextmanager
    def _logging(self, *, quiet: bool) -> Iterator[None]:
        """Show the hub's log, and restore the logger afterwards for callers from Python."""
        logger = logging.getLogger("hub")
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(f"{self._name}: %(message)s"))
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING if quiet else logging.INFO)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)

    def _parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        if not arguments:
            self._list_commands()
        name = arguments[0]
        if not name.startswith("-") and name not in self._commands:
            similar = did_you_mean(name, self._commands)
            self._parser.error(f"there is no command {name!r}{similar}; `{self._name}` lists them")
        options, unknown = self._parser.parse_known_args(arguments)
        if unknown:
            command = self._commands[name]
            known = re.findall(r"--[a-z0-9-]+", command.format_usage())
            hints = "".join(did_you_mean(text.partition("=")[0], known) for text in unknown[:1])
            command.error(f"unrecognized arguments: {' '.join(unknown)}{hints}")
        return options

    def _list_commands(self) -> NoReturn:
        """Print the commands, if none was given."""
        width = max(map(len, self._commands))
        columns = shutil.get_terminal_size().columns
        print(f"usage: {self._name} COMMAND ...\n", file=sys.stderr)
        for name, command in self._commands.items():
            indent = " " * (width + 4)
            lines = textwrap.fill(
                command.description or "",
                max(columns, 2 * len(indent)),
                initial_indent=f"  {name:{width}}  ",
                subsequent_indent=indent,
            )
            print(lines, file=sys.stderr)
        print(
            f"\n`{self._name} COMMAND --help` describes one, `{self._name} --help` all of it",
            file=sys.stderr,
        )
        raise SystemExit(USAGE)


def _is_quiet(options: argparse.Namespace) -> bool:
    return getattr(options, "progress", None) is False or getattr(options, "quiet", False)


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """The end of a message that suggests similar names, empty if there are none.

    >>> did_you_mean("downlaod", ["download", "du"])
    '; did you mean download?'
    """
    close = difflib.get_close_matches(text, known, n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


@contextlib.contextmanager
def _output_errors() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"standard output cannot be written: {error.strerror}") from error


@contextlib.contextmanager
def _naming_output() -> Iterator[None]:
    with contextlib.redirect_stdout(cast(TextIO, _Output(sys.stdout))):
        yield


def _discard_output() -> None:
    """Discard buffered output, so that the interpreter can end without an error."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)


def _open_missing_streams() -> None:
    """Open closed standard streams, as their descriptors would be reused for files.

    Standard input is then empty, standard output cannot be written, which is an error, and
    standard error is discarded.
    """
    flags = {"stdin": os.O_RDONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
    for number, (name, mode) in enumerate(flags.items()):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", closefd=False))


@contextlib.contextmanager
def _raising_on_sigterm() -> Iterator[None]:
    """Make SIGTERM raise Terminated, once; a second one ends the process immediately."""

    def raise_terminated(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
