"""TFRecord files: records of bytes with checksums (tensorflow.org/tutorials/load_data/tfrecord)."""

from __future__ import annotations

import functools
import struct

from engine._lazy import numpy as np

# The reversed polynomial of CRC-32C (Castagnoli, Braeuer and Herrmann, 1993).
_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
# Shorter input is processed byte by byte.
_LANES_FROM = 2048


@functools.cache
def _table() -> list[int]:
    """The checksum's table of the 256 bytes."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


def _crc_bytes(crc: int, data: bytes) -> int:
    table = _table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc


def crc32c(data: bytes) -> int:
    """The checksum CRC-32C.

    >>> from engine.utils.tensorboard.record import crc32c
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    if len(data) >= _LANES_FROM:
        length = int(len(data) ** 0.5)
        whole = len(data) // length * length
        crc = _crc_lanes(crc, data[:whole], length)
        data = data[whole:]
    return _crc_bytes(crc, data) ^ 0xFFFFFFFF


def _crc_lanes(crc: int, data: bytes, length: int) -> int:
    """Splits the data into lanes of equal length, whose checksums are computed in parallel.

    The checksum is linear: that of two lanes is the first one's, advanced by a lane of zeros, xor
    the second one's. Advancing by zeros is the xor of its effects on the four bytes.
    """
    table = np.array(_table(), np.uint32)
    columns = np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(-1, length).T)
    sums = np.zeros(columns.shape[1], np.uint32)
    moved = np.arange(256, dtype=np.uint32) << np.arange(0, 32, 8, dtype=np.uint32)[:, None]
    for column in columns:
        sums = table[(sums ^ column) & 0xFF] ^ sums >> 8
        moved = table[moved & 0xFF] ^ moved >> 8
    first, second, third, fourth = moved.tolist()
    for lane in sums.tolist():
        crc = (
            lane
            ^ first[crc & 0xFF]
            ^ second[crc >> 8 & 0xFF]
            ^ third[crc >> 16 & 0xFF]
            ^ fourth[crc >> 24]
        )
    return crc


def _masked(data: bytes) -> bytes:
    """The masked checksum of records, as checksums of data with embedded CRCs are weak."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """A record of the data: length, its checksum, the data, its checksum."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)
