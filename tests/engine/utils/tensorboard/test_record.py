"""Checksums and framing of records."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from engine.utils.tensorboard.record import _crc_bytes, crc32c, record


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_checksums_of_rfc_3720(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc


@pytest.mark.parametrize("size", [2047, 2048, 2049, 4096, 10_007])
def test_lanes_give_the_checksum_of_single_bytes(size: int) -> None:
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()
    assert crc32c(data) == _crc_bytes(0xFFFFFFFF, data) ^ 0xFFFFFFFF


def test_record() -> None:
    framed = record(b"123456789")
    assert struct.unpack("<Q", framed[:8]) == (9,) and framed[12:21] == b"123456789"
    rotated = (0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8
    assert struct.unpack("<I", framed[21:]) == (rotated & 0xFFFFFFFF,)
