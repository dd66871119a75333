"""Reader of event files with an independent decoder."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from engine.utils.tensorboard.record import record


def fields(data: bytes) -> dict[int, list[Any]]:
    """The fields of a message: ints, and bytes for other types."""
    found: dict[int, list[Any]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            found.setdefault(key >> 3, []).append(varint())
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        if key & 7 == 2 and size == 0:
            found.setdefault(key >> 3, []).append(b"")
            continue
        found.setdefault(key >> 3, []).append(data[at : at + size])
        at += size
    return found


def double(data: bytes) -> float:
    return float(struct.unpack("<d", data)[0])


def single(data: bytes) -> float:
    return float(struct.unpack("<f", data)[0])


def doubles(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def read(folder: Path) -> list[dict[int, list[Any]]]:
    """The events of the only file in a folder, with checked records."""
    (path,) = folder.glob("events.out.tfevents.*")
    data, at, events = path.read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack("<Q", data[at : at + 8])
        content = data[at + 12 : at + 12 + length]
        assert data[at : at + length + 16] == record(content)
        events.append(fields(content))
        at += length + 16
    assert events[0][3] == [b"brain.Event:2"]
    return events[1:]


def values(folder: Path) -> dict[str, dict[int, list[Any]]]:
    """The values of the summaries by their tags."""
    found = [fields(fields(event[5][0])[1][0]) for event in read(folder) if 5 in event]
    return {value[1][0].decode(): value for value in found}
