"""Reader of zip containers in mapped memory.

Follows PKWARE's APPNOTE.TXT 6.3.10, without features that weight files never use: encryption,
several disks, and methods other than stored and deflate. A stored member is a view of the file.
Checksums of stored members are not verified: that would read every page of the mapped file, and
PyTorch may write files without. Whole files are verified by hash.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from hub.formats.byte_source import Source
from hub.text import format_count

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT = 0xFFFF
_ENCRYPTED = 0x1 | 0x40
_UTF8 = 0x800
_STORED, _DEFLATED = 0, 8
# Weights hardly compress, so members that expand to much more than the file are an attack.
_FREE_INFLATION = 64 << 20
_INFLATION_RATIO = 16


@dataclass(frozen=True)
class Member:
    """A file in a zip: its name, the position of its bytes, and their compression."""

    name: str
    method: int
    header: int
    start: int
    packed: int
    size: int
    checksum: int


class ZipReader:
    """The members of a zip by name. Raises FormatError for malformed or unsupported zips."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._inflation_left = _FREE_INFLATION + _INFLATION_RATIO * len(source)
        start, stop, count = self._find_directory()
        self.members: dict[str, Member] = {}
        position = start
        for _ in range(count):
            member, position = self._read_entry(position, stop, start)
            if member.name in self.members:
                raise self._source.error(f"two members are named {member.name!r}", position)
            self.members[member.name] = member
        if position != stop:
            raise self._source.error("the central directory is longer than its entries", position)
        self._check_overlap()

    def read(self, name: str) -> Source:
        """Return the bytes of a member: a view if it is stored, new memory if deflated."""
        member = self.members.get(name)
        if member is None:
            known = ", ".join(list(self.members)[:8])
            raise self._source.error(f"no member is named {name!r}, there are: {known}")
        label = f"{self._source.name}!{name}"
        packed = self._source.part(member.start, member.start + member.packed, label)
        return packed if member.method == _STORED else self._inflate(member, packed)

    def _find_directory(self) -> tuple[int, int, int]:
        """Return the start, end and number of entries of the central directory."""
        source = self._source
        tail_start = max(0, len(source) - _END.size - _MAX_COMMENT)
        tail = source.bytes(tail_start, len(source))
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < _END.size:
            raise source.error("the zip has no end record: the file is cut short")
        end = tail_start + at
        fields = _END.unpack_from(tail, at)
        if end + _END.size + fields[-1] != len(source):
            raise source.error("the zip's end record does not end the file", end)
        disk, first_disk, here, count, size, start, stop = self._widen_end(fields[1:-1], end)
        if disk or first_disk or here != count:
            raise source.error("the zip is spread over several disks", end)
        if start + size != stop:
            raise source.error(f"a central directory at {start} of {size} bytes ends not here", end)
        if count * _CENTRAL.size > size:
            entries = format_count(count, "entry", "entries")
            raise source.error(f"a directory of {size} bytes has no space for {entries}", end)
        return start, stop, count

    def _widen_end(self, narrow: tuple[int, ...], end: int) -> tuple[int, ...]:
        """Return the end record's fields, with those of zip64 if present, and its position."""
        source = self._source
        at = end - _END64_LOCATOR.size
        locator = source.bytes(at, end) if at >= 0 else b""
        if not locator.startswith(b"PK\6\7"):
            if 0xFFFF in narrow[:4] or 0xFFFFFFFF in narrow[4:]:
                raise source.error("the zip64 locator is missing", end)
            return (*narrow, end)
        where = _END64_LOCATOR.unpack(locator)[2]
        record = source.bytes(where, where + _END64.size) if where < at else b""
        if not record.startswith(b"PK\6\6") or len(record) < _END64.size:
            raise source.error(f"there is no zip64 end record at {where}", at)
        _, length, _, _, *wide = _END64.unpack(record)
        if where + 12 + length != at:
            raise source.error(f"a zip64 end record of {length} bytes", where)
        limits = (0xFFFF,) * 4 + (0xFFFFFFFF,) * 2
        if any(few not in (many, top) for few, many, top in zip(narrow, wide, limits, strict=True)):
            raise source.error("the two end records of the zip contradict each other", where)
        return (*wide, where)

    def _read_entry(self, position: int, stop: int, data_end: int) -> tuple[Member, int]:
        """Return the entry of the central directory at a position, and the next position."""
        fixed = self._source.bytes(position, min(stop, position + _CENTRAL.size))
        if len(fixed) < _CENTRAL.size or not fixed.startswith(b"PK\1\2"):
            raise self._source.error("an entry of the central directory is malformed", position)
        fields = _CENTRAL.unpack(fixed)
        flags, method, checksum, packed, size = fields[3], fields[4], *fields[7:10]
        name_length, extra_length, comment_length, disk, header = *fields[10:14], fields[16]
        name_start = position + _CENTRAL.size
        extra_start = name_start + name_length
        following = extra_start + extra_length + comment_length
        if following > stop:
            raise self._source.error("an entry runs past the central directory", position)
        raw_name = self._source.bytes(name_start, extra_start)
        name = self._decode_name(raw_name, flags, position)
        extra = self._source.bytes(extra_start, extra_start + extra_length)
        size, packed, header = self._widen(extra, [size, packed, header], position)
        if flags & _ENCRYPTED or disk not in (0, 0xFFFF):
            raise self._source.error(f"member {name!r} is encrypted or on another disk", position)
        if method not in (_STORED, _DEFLATED):
            raise self._source.error(f"member {name!r} is packed by method {method}", position)
        if method == _STORED and packed != size:
            raise self._source.error(f"member {name!r}: {packed} stored bytes of {size}", position)
        start = self._data_start(raw_name, header, data_end)
        if start + packed > data_end:
            raise self._source.error(f"member {name!r} runs into the central directory", position)
        return Member(name, method, header, start, packed, size, checksum), following

    def _decode_name(self, raw: bytes, flags: int, position: int) -> str:
        try:
            name = raw.decode("utf-8" if flags & _UTF8 else "cp437")
        except UnicodeDecodeError:
            raise self._source.error(f"the name {raw[:80]!r} is not UTF-8", position) from None
        parts = name.removesuffix("/").split("/")
        if any(part in ("", ".", "..") for part in parts) or set("\\\0") & set(name):
            raise self._source.error(f"the name {name[:80]!r} is no relative path", position)
        return name

    def _widen(self, extra: bytes, values: list[int], position: int) -> list[int]:
        """Return sizes and offset, with 64-bit values from the extra field."""
        wide = _zip64_field(extra)
        widened = []
        for value in values:
            if value == 0xFFFFFFFF:
                if len(wide) < 8:
                    raise self._source.error("a zip64 field is missing", position)
                value, wide = int.from_bytes(wide[:8], "little"), wide[8:]
            widened.append(value)
        return widened

    def _data_start(self, raw_name: bytes, header: int, data_end: int) -> int:
        fixed = self._source.bytes(header, min(data_end, header + _LOCAL.size))
        if len(fixed) < _LOCAL.size or not fixed.startswith(b"PK\3\4"):
            raise self._source.error("a member's own header is not where it should be", header)
        name_length, extra_length = _LOCAL.unpack(fixed)[9:11]
        name_start = header + _LOCAL.size
        if self._source.bytes(name_start, name_start + name_length) != raw_name:
            raise self._source.error(f"a member that is listed as {raw_name!r} differs", header)
        start: int = name_start + name_length + extra_length
        return start

    def _check_overlap(self) -> None:
        position = 0
        for member in sorted(self.members.values(), key=lambda member: member.header):
            if member.header < position:
                raise self._source.error(f"member {member.name!r} overlaps another", member.header)
            position = member.start + member.packed

    def _inflate(self, member: Member, packed: Source) -> Source:
        if member.size > self._inflation_left:
            raise packed.error(f"unpacks to {member.size} bytes, far more than the file has", 0)
        self._inflation_left -= member.size
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = inflater.decompress(packed.memory.data, member.size + 1)
        except zlib.error as error:
            raise packed.error(f"the packed data is damaged: {error}", 0) from None
        if len(data) != member.size or not inflater.eof or inflater.unused_data:
            raise packed.error(f"the packed data is not the {member.size} bytes it should be", 0)
        if zlib.crc32(data) != member.checksum:
            raise packed.error("the checksum of the unpacked data differs", 0)
        # Positions in decompressed data count from its own start.
        return Source(packed.name, np.frombuffer(bytearray(data), np.uint8))


def _zip64_field(extra: bytes) -> bytes:
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == 1:
            return extra[position : position + length]
        position += length
    return b""
