"""Listing of the globals that a pickle would import, without creating any object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.errors import FormatError
from hub.formats.byte_source import Source
from hub.formats.opcodes import MARK, Cursor, Opcode, instructions
from hub.formats.torch_constructors import TORCH_GLOBALS
from hub.formats.torch_reader import LEGACY_PICKLES, MAGIC_NUMBER

_OPAQUE = object()
_MAX_PICKLES = 1000  # in a row


@dataclass(frozen=True)
class GlobalUse:
    """A global that a pickle names: its module and name, its position, and if reading allows it.

    `module` and `name` are "?" if they are computed rather than constants.
    """

    module: str
    name: str
    file: str
    position: int
    allowed: bool


@dataclass(frozen=True)
class ScanReport:
    """Result of a scan of a file and the files inside it.

    `problems` lists the parts that could not be followed although Python's unpickler might,
    `refusal` says why reading the file as weights fails, None if it succeeds.
    """

    globals: tuple[GlobalUse, ...] = ()
    problems: tuple[FormatError, ...] = ()
    refusal: FormatError | None = None

    @property
    def dangerous(self) -> bool:
        """True if other programs might run code from it: a global is not allowed, or unknown."""
        return bool(self.problems) or not all(use.allowed for use in self.globals)

    @property
    def safe(self) -> bool:
        """True if everything was scanned, all globals are allowed, and reading succeeds."""
        return not self.dangerous and self.refusal is None

    def __add__(self, other: ScanReport) -> ScanReport:
        return replace(
            self, globals=self.globals + other.globals, problems=self.problems + other.problems
        )


def scan_pickle(source: Source, *, certain: bool = True) -> ScanReport:
    """List the globals of a pickle and of those that follow it, in the order of unpickling.

    The pickles of a legacy PyTorch file are followed by its tensors, which no unpickler reads.
    After others anything may follow, and data that cannot be a pickle is ignored; so is the first,
    unless it is `certain`.
    """
    scanner = _Scanner(source)
    problem = scanner.run()
    if problem is not None:
        return ScanReport(tuple(scanner.found), (problem,) if certain else ())
    is_legacy = scanner.saw_magic
    for _ in range(LEGACY_PICKLES - 1 if is_legacy else _MAX_PICKLES):
        if scanner.at_end:
            break
        problem = scanner.run()
        if problem is not None:
            return ScanReport(tuple(scanner.found), (problem,) if is_legacy else ())
    return ScanReport(tuple(scanner.found))


class _Scanner:
    """Tracks strings on the stack and in the memo, as either may name a global."""

    def __init__(self, source: Source) -> None:
        self.found: list[GlobalUse] = []
        self.saw_magic = False
        self._source = source
        self._cursor = Cursor(source.memory.data, 0, patient=True)

    @property
    def at_end(self) -> bool:
        """True if no data follows."""
        return self._cursor.position >= len(self._source)

    def run(self) -> FormatError | None:
        """Scan one pickle; returns the fault if it cannot be followed to its end."""
        self._stack: list[object] = []
        self._marks: list[int] = []
        self._memo: dict[int, object] = {}
        try:
            for opcode, argument in instructions(self._cursor):
                self.saw_magic |= type(argument) is int and argument == MAGIC_NUMBER
                self._step(opcode, argument)
        except ValueError as error:
            return self._source.error(str(error), self._cursor.instruction)
        return None

    def _step(self, opcode: Opcode, argument: object) -> None:
        name = opcode.name
        if name in ("GLOBAL", "INST") and isinstance(argument, tuple):
            self._note(argument)
        elif name.startswith("EXT"):
            self._note(("copyreg", f"extension {argument}"))
        elif name == "STACK_GLOBAL":
            self._note(self._stack[-2:])
        elif name == "MARK":
            self._marks.append(len(self._stack))
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            index = argument if isinstance(argument, int) else len(self._memo)
            self._memo[index] = self._stack[-1] if self._stack else _OPAQUE
        self._move(opcode, self._result(opcode, argument))

    def _result(self, opcode: Opcode, argument: object) -> object:
        """Return the value that the opcode pushes: a string or, if unknown, _OPAQUE."""
        if opcode.name in ("GET", "BINGET", "LONG_BINGET") and isinstance(argument, int):
            return self._memo.get(argument, _OPAQUE)
        if opcode.name == "DUP" and self._stack:
            return self._stack[-1]
        return argument if isinstance(argument, str) else _OPAQUE

    def _move(self, opcode: Opcode, result: object) -> None:
        on_mark = bool(self._marks) and self._marks[-1] == len(self._stack)
        if opcode.pops == MARK or (opcode.name == "POP" and on_mark):
            del self._stack[self._marks.pop() if self._marks else 0 :]
        elif opcode.pops:
            del self._stack[-opcode.pops :]
        self._stack += [result] * opcode.pushes

    def _note(self, parts: Sequence[object]) -> None:
        texts = [part if isinstance(part, str) else "?" for part in parts]
        module, name = ["?"] * (2 - len(texts)) + texts
        allowed = (module, name) in TORCH_GLOBALS
        at = self._source.origin + self._cursor.instruction
        self.found.append(GlobalUse(module, name, self._source.name, at, allowed))
