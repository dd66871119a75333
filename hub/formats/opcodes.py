"""Opcodes of pickles, and bounded reading of instructions.

All opcodes of protocols 0 to 5 are listed, so that any pickle can be scanned; the unpickler
executes some of them. The standard library's `pickletools` documents each.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.text import format_count

_MAX_LINE = 4096
_MAX_INTEGER = 256
MARK = -1


class Cursor:
    """A position in bytes that only advances, and never past the end.

    Reading raises ValueError if too few bytes are left. `instruction` is the position of the
    current instruction. Lines and integers are bounded, well above those of weight files, unless
    everything that Python would read must be accepted (`patient`).
    """

    __slots__ = ("data", "instruction", "patient", "position")

    def __init__(self, data: memoryview, position: int, *, patient: bool = False) -> None:
        self.data = data
        self.position = position
        self.instruction = position
        self.patient = patient

    def take(self, count: int) -> bytes:
        """Read that many bytes."""
        left = len(self.data) - self.position
        if not 0 <= count <= left:
            raise ValueError(f"asked for {format_count(count, 'byte')} where {left} are left")
        start = self.position
        self.position = start + count
        return self.data[start : self.position].tobytes()

    def line(self) -> bytes:
        """Read up to the next newline, which is dropped."""
        size = _MAX_LINE
        while True:
            window = self.data[self.position : self.position + size].tobytes()
            length = window.find(b"\n")
            if length >= 0:
                self.position += length + 1
                return window[:length]
            if len(window) < size or not self.patient:
                raise ValueError(f"no line ends within {len(window)} bytes")
            size *= 16


Read = Callable[[Cursor], object]


@dataclass(frozen=True)
class Opcode:
    """An instruction: the reader of its argument, and the objects it pops and pushes.

    `pops` is MARK if it pops all objects down to the last mark.
    """

    name: str
    read: Read
    pops: int
    pushes: int


def _nothing(cursor: Cursor) -> None:
    return None


def _number(layout: str) -> Callable[[Cursor], int]:
    reader = struct.Struct(layout)

    def read(cursor: Cursor) -> int:
        value: int = reader.unpack(cursor.take(reader.size))[0]
        return value

    return read


_u1, _u2, _u4, _u8, _i4 = (_number(layout) for layout in ("<B", "<H", "<L", "<Q", "<l"))


def _float(cursor: Cursor) -> float:
    value: float = struct.unpack(">d", cursor.take(8))[0]
    return value


def _raw(length: Callable[[Cursor], int]) -> Read:
    return lambda cursor: cursor.take(length(cursor))


def _text(length: Callable[[Cursor], int]) -> Read:
    return lambda cursor: cursor.take(length(cursor)).decode("utf-8", "surrogatepass")


def _byte_string(length: Callable[[Cursor], int]) -> Read:
    """Read a string of Python 2: text if it is ASCII, else bytes, as no encoding is recorded."""

    def read(cursor: Cursor) -> str | bytes:
        raw = cursor.take(length(cursor))
        return raw.decode("ascii") if raw.isascii() else raw

    return read


def _long(length: Callable[[Cursor], int]) -> Read:
    def read(cursor: Cursor) -> int:
        count = length(cursor)
        if count > _MAX_INTEGER and not cursor.patient:
            raise ValueError(f"an integer of {count} bytes, at most {_MAX_INTEGER} are read")
        return int.from_bytes(cursor.take(count), "little", signed=True)

    return read


def _integer_line(cursor: Cursor) -> int | bool:
    line = cursor.line()
    if line in (b"00", b"01"):
        return line == b"01"
    if cursor.patient:
        return int(line, 0)  # as in Python: with signs, spaces, underscores and prefixes
    if not line.removeprefix(b"-").isdigit() or len(line) > _MAX_INTEGER:
        raise ValueError(f"{line[:40]!r} is not an integer")
    return int(line)


def _text_line(cursor: Cursor) -> str:
    return cursor.line().decode("utf-8", "backslashreplace")


def _quoted_line(cursor: Cursor) -> str:
    return _text_line(cursor).strip("'\"")


def _two_lines(cursor: Cursor) -> tuple[str, str]:
    return cursor.line().decode(), cursor.line().decode()


def _frame(cursor: Cursor) -> int:
    length = _u8(cursor)
    if length > len(cursor.data) - cursor.position:
        raise ValueError(f"a frame of {length} bytes runs past the end")
    return length


OPCODES = {
    ord("("): Opcode("MARK", _nothing, 0, 0),
    ord("."): Opcode("STOP", _nothing, 1, 0),
    ord("0"): Opcode("POP", _nothing, 1, 0),
    ord("1"): Opcode("POP_MARK", _nothing, MARK, 0),
    ord("2"): Opcode("DUP", _nothing, 1, 2),
    ord("F"): Opcode("FLOAT", _text_line, 0, 1),
    ord("I"): Opcode("INT", _integer_line, 0, 1),
    ord("J"): Opcode("BININT", _i4, 0, 1),
    ord("K"): Opcode("BININT1", _u1, 0, 1),
    ord("L"): Opcode("LONG", _text_line, 0, 1),
    ord("M"): Opcode("BININT2", _u2, 0, 1),
    ord("N"): Opcode("NONE", _nothing, 0, 1),
    ord("P"): Opcode("PERSID", _text_line, 0, 1),
    ord("Q"): Opcode("BINPERSID", _nothing, 1, 1),
    ord("R"): Opcode("REDUCE", _nothing, 2, 1),
    ord("S"): Opcode("STRING", _quoted_line, 0, 1),
    ord("T"): Opcode("BINSTRING", _byte_string(_i4), 0, 1),
    ord("U"): Opcode("SHORT_BINSTRING", _byte_string(_u1), 0, 1),
    ord("V"): Opcode("UNICODE", _text_line, 0, 1),
    ord("X"): Opcode("BINUNICODE", _text(_u4), 0, 1),
    ord("a"): Opcode("APPEND", _nothing, 1, 0),
    ord("b"): Opcode("BUILD", _nothing, 1, 0),
    ord("c"): Opcode("GLOBAL", _two_lines, 0, 1),
    ord("d"): Opcode("DICT", _nothing, MARK, 1),
    ord("}"): Opcode("EMPTY_DICT", _nothing, 0, 1),
    ord("e"): Opcode("APPENDS", _nothing, MARK, 0),
    ord("g"): Opcode("GET", _integer_line, 0, 1),
    ord("h"): Opcode("BINGET", _u1, 0, 1),
    ord("i"): Opcode("INST", _two_lines, MARK, 1),
    ord("j"): Opcode("LONG_BINGET", _u4, 0, 1),
    ord("l"): Opcode("LIST", _nothing, MARK, 1),
    ord("]"): Opcode("EMPTY_LIST", _nothing, 0, 1),
    ord("o"): Opcode("OBJ", _nothing, MARK, 1),
    ord("p"): Opcode("PUT", _integer_line, 0, 0),
    ord("q"): Opcode("BINPUT", _u1, 0, 0),
    ord("r"): Opcode("LONG_BINPUT", _u4, 0, 0),
    ord("s"): Opcode("SETITEM", _nothing, 2, 0),
    ord("t"): Opcode("TUPLE", _nothing, MARK, 1),
    ord(")"): Opcode("EMPTY_TUPLE", _nothing, 0, 1),
    ord("u"): Opcode("SETITEMS", _nothing, MARK, 0),
    ord("G"): Opcode("BINFLOAT", _float, 0, 1),
    # Protocol 2
    0x80: Opcode("PROTO", _u1, 0, 0),
    0x81: Opcode("NEWOBJ", _nothing, 2, 1),
    0x82: Opcode("EXT1", _u1, 0, 1),
    0x83: Opcode("EXT2", _u2, 0, 1),
    0x84: Opcode("EXT4", _i4, 0, 1),
    0x85: Opcode("TUPLE1", _nothing, 1, 1),
    0x86: Opcode("TUPLE2", _nothing, 2, 1),
    0x87: Opcode("TUPLE3", _nothing, 3, 1),
    0x88: Opcode("NEWTRUE", _nothing, 0, 1),
    0x89: Opcode("NEWFALSE", _nothing, 0, 1),
    0x8A: Opcode("LONG1", _long(_u1), 0, 1),
    0x8B: Opcode("LONG4", _long(_i4), 0, 1),
    # Protocol 3
    ord("B"): Opcode("BINBYTES", _raw(_u4), 0, 1),
    ord("C"): Opcode("SHORT_BINBYTES", _raw(_u1), 0, 1),
    # Protocol 4
    0x8C: Opcode("SHORT_BINUNICODE", _text(_u1), 0, 1),
    0x8D: Opcode("BINUNICODE8", _text(_u8), 0, 1),
    0x8E: Opcode("BINBYTES8", _raw(_u8), 0, 1),
    0x8F: Opcode("EMPTY_SET", _nothing, 0, 1),
    0x90: Opcode("ADDITEMS", _nothing, MARK, 0),
    0x91: Opcode("FROZENSET", _nothing, MARK, 1),
    0x92: Opcode("NEWOBJ_EX", _nothing, 3, 1),
    0x93: Opcode("STACK_GLOBAL", _nothing, 2, 1),
    0x94: Opcode("MEMOIZE", _nothing, 0, 0),
    0x95: Opcode("FRAME", _frame, 0, 0),
    # Protocol 5
    0x96: Opcode("BYTEARRAY8", _raw(_u8), 0, 1),
    0x97: Opcode("NEXT_BUFFER", _nothing, 0, 1),
    0x98: Opcode("READONLY_BUFFER", _nothing, 0, 0),
}


def instructions(cursor: Cursor) -> Iterator[tuple[Opcode, Any]]:
    """Yield the opcode and the argument of every instruction up to STOP.

    The cursor is left after the last one. Raises ValueError for an unknown opcode and if the data
    ends before STOP.
    """
    while True:
        position = cursor.instruction = cursor.position
        if position >= len(cursor.data):
            raise ValueError("the pickle is cut short: it ends without STOP")
        code = cursor.data[position]
        cursor.position += 1
        opcode = OPCODES.get(code)
        if opcode is None:
            raise ValueError(f"0x{code:02x} is not an opcode")
        yield opcode, opcode.read(cursor)
        if opcode.name == "STOP":
            return
