"""Encoder of protocol buffers' wire format (protobuf.dev/programming-guides/encoding).

A message is the concatenation of its fields' bytes, so fields are joined with `+`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def _varint(value: int) -> bytes:
    value &= 2**64 - 1  # negative numbers use all 64 bits
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def integer(field: int, value: int) -> bytes:
    """A field of an integer, enum or bool."""
    return _key(field, _VARINT) + _varint(int(value))


def float32(field: int, value: float) -> bytes:
    """A field of type float."""
    return _key(field, _FIXED32) + struct.pack("<f", value)


def float64(field: int, value: float) -> bytes:
    """A field of type double."""
    return _key(field, _FIXED64) + struct.pack("<d", value)


def message(field: int, value: bytes | str) -> bytes:
    """A field of a message, bytes or string."""
    encoded = value.encode() if isinstance(value, str) else value
    return _key(field, _LENGTH) + _varint(len(encoded)) + encoded


def packed_float64(field: int, values: Iterable[float]) -> bytes:
    """A repeated field of type double."""
    return message(field, b"".join(struct.pack("<d", value) for value in values))
