"""Listing what a pickle would have Python import, without making any of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.errors import FormatError
from hub.formats.opcodes import MARK, Cursor, Opcode, instructions
from hub.formats.source import Source
from hub.formats.torchfile import LEGACY_PICKLES, MAGIC_NUMBER
from hub.formats.torchobjects import TORCH_GLOBALS

_OPAQUE = object()


@dataclass(frozen=True)
class GlobalUse:
    """A global that a pickle names: whose it is, where it is named, and whether reading takes it.

    `module` and `name` are "?" where they are computed rather than written out.
    """

    module: str
    name: str
    file: str
    position: int
    allowed: bool


@dataclass(frozen=True)
class ScanReport:
    """What a scan found; `problem` says why it could not see the end of the pickle, if so."""

    globals: tuple[GlobalUse, ...]
    problem: FormatError | None

    @property
    def safe(self) -> bool:
        """Whether all was seen and nothing is named that reading would refuse."""
        return self.problem is None and all(use.allowed for use in self.globals)


def scan_pickle(source: Source) -> ScanReport:
    """List the globals of a pickle, or of the five that a legacy PyTorch file begins with."""
    scanner = _Scanner(source)
    problem = None
    try:
        scanner.run()
        for _ in range(LEGACY_PICKLES - 1 if scanner.saw_magic else 0):
            scanner.run()
    except ValueError as error:
        problem = source.error(str(error), scanner.position)
    return ScanReport(tuple(scanner.found), problem)


class _Scanner:
    """Follows text over the stack and the memo, as a global may be named by either."""

    def __init__(self, source: Source) -> None:
        self.found: list[GlobalUse] = []
        self.saw_magic = False
        self._source = source
        self._cursor = Cursor(source.memory.data, 0)

    @property
    def position(self) -> int:
        """Where the instruction that is being scanned begins."""
        return self._cursor.instruction

    def run(self) -> None:
        """Scan one pickle."""
        self._stack: list[object] = []
        self._marks: list[int] = []
        self._memo: dict[int, object] = {}
        for opcode, argument in instructions(self._cursor):
            self.saw_magic |= type(argument) is int and argument == MAGIC_NUMBER
            self._step(opcode, argument)

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
        """Return what the opcode leaves on the stack as far as it matters here."""
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
