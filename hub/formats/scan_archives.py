"""Scanning of files of any kind for pickles: plain, compressed, or in nested archives.

Kinds are detected by content, as readers do. The name is only used for pickles that do not look
like one, since protocol 0 may begin with any byte.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hub.errors import FormatError
from hub.formats.byte_source import Source
from hub.formats.safetensors import SafetensorsFile, header_length
from hub.formats.scan import ScanReport, scan_pickle
from hub.formats.zip_reader import ZipReader

MAX_DEPTH = 8
_FREE_INFLATION = 64 << 20  # bytes
_INFLATION_RATIO = 16
_BLOCK = 512  # bytes of a tar archive
_PICKLE_PROTOCOLS = range(2, 6)
# Suffixes of files that programs load as pickles, always or sometimes.
_PICKLE_NAMES = (
    ".ckpt",
    ".data",
    ".dat",
    ".dill",
    ".joblib",
    ".p",
    ".pickle",
    ".pkl",
    ".pt",
    ".pth",
)
_MAYBE_NAMES = (".bin", ".model", ".npy", ".th", ".tar", ".weights")
_OPAQUE = {
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
}


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


@dataclass
class _Budget:
    """The remaining bytes that compressed data may expand to."""

    left: int


def scan_source(source: Source) -> ScanReport:
    """Scan a file and all files inside it without creating or running anything."""
    budget = _Budget(_FREE_INFLATION + _INFLATION_RATIO * len(source))
    return _scan(source, source.name, MAX_DEPTH, budget)


def _scan(source: Source, name: str, depth: int, budget: _Budget) -> ScanReport:
    if depth == 0:
        return _problem(source, f"archives are nested more than {MAX_DEPTH} deep")
    if _is_safetensors(source):
        return ScanReport()
    start = source.bytes(0, 512)
    for magic, scan in _SCANS.items():
        if start.startswith(magic):
            return scan(source, name, depth, budget)
    if start[257:262] == b"ustar":
        return _scan_tar(source, name, depth, budget)
    for magic, packer in _OPAQUE.items():
        if start.startswith(magic):
            return _problem(source, f"packed with {packer}, which cannot be looked into")
    if start[:1] == b"\x80" and start[1:2] and start[1] in _PICKLE_PROTOCOLS:
        return scan_pickle(source)
    lowered = name.lower()
    if lowered.endswith(_PICKLE_NAMES) and _is_zlib(start):
        return _scan_packed(source, name, depth, budget, zlib.decompressobj())
    if lowered.endswith(_PICKLE_NAMES + _MAYBE_NAMES):
        return scan_pickle(source, certain=False)
    return ScanReport()


def _is_safetensors(source: Source) -> bool:
    """True if the whole header is valid: its length alone may look like another format."""
    if header_length(source) is None:
        return False
    try:
        SafetensorsFile(source)
    except FormatError:
        return False
    return True


def _problem(source: Source, reason: str) -> ScanReport:
    return ScanReport(problems=(source.error(reason),))


def _scan_zip(source: Source, name: str, depth: int, budget: _Budget) -> ScanReport:
    report = ScanReport()
    try:
        archive = ZipReader(source)
    except FormatError as error:
        return ScanReport(problems=(error,))
    roots = [member.removesuffix("data.pkl") for member in archive.members if "data.pkl" in member]
    tensors = tuple(f"{root}data/" for root in roots if root.endswith("/"))
    for member, entry in archive.members.items():
        # A tensor's bytes are never read as a pickle, though they might look like one.
        if entry.size == 0 or (tensors and member.startswith(tensors)):
            continue
        budget.left -= entry.size if entry.size != entry.packed else 0
        if budget.left < 0:
            return report + _problem(source, "unpacks to far more bytes than the file has")
        try:
            report += _scan(archive.read(member), member, depth - 1, budget)
        except FormatError as error:
            report += ScanReport(problems=(error,))
    return report


def _scan_tar(source: Source, name: str, depth: int, budget: _Budget) -> ScanReport:
    report = ScanReport()
    try:
        for member in _tar_members(source):
            # Members of PyTorch's oldest files are pickles without a suffix.
            report += _scan(member, f"{member.name}.pkl", depth - 1, budget)
    except ValueError:
        return report + _problem(source, "the tar archive is malformed")
    return report


def _tar_members(source: Source) -> Iterator[Source]:
    """The regular files of a tar archive (POSIX 1003.1, ustar). ValueError if malformed."""
    position = 0
    while position + _BLOCK <= len(source):
        header = source.bytes(position, position + _BLOCK)
        if not any(header):
            return
        name = header[:100].split(b"\0")[0].decode("utf-8", "replace")
        size = int(header[124:136].strip(b"\0 ") or b"0", 8)
        start = position + _BLOCK
        if size < 0 or start + size > len(source):
            raise ValueError("a member runs past the end")
        if size and header[156:157] in (b"0", b"\0", b"7"):
            yield source.part(start, start + size, f"{source.name}!{name}")
        position = start + -(-size // _BLOCK) * _BLOCK


def _scan_npy(source: Source, name: str, depth: int, budget: _Budget) -> ScanReport:
    """Scan a NumPy file: arrays of objects are pickles behind a header of text."""
    width = 2 if source.bytes(6, 7) == b"\1" else 4
    length = int.from_bytes(source.bytes(8, 8 + width), "little")
    start = 8 + width + length
    if b"O" not in source.bytes(8 + width, start):
        return ScanReport()
    return scan_pickle(source.part(min(start, len(source)), len(source)))


def _scan_packed(
    source: Source, name: str, depth: int, budget: _Budget, unpacker: _Decompressor
) -> ScanReport:
    try:
        data = unpacker.decompress(source.bytes(0, len(source)), budget.left + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        return _problem(source, f"the packed data is damaged: {error}")
    budget.left -= len(data)
    if budget.left < 0:
        return _problem(source, "unpacks to far more bytes than the file has")
    if not unpacker.eof:
        return _problem(source, "the packed data is cut short")
    inner = Source(f"{source.name}!", np.frombuffer(data, np.uint8))
    return (
        _scan(inner, name.rpartition(".")[0] or name, depth - 1, budget) if data else ScanReport()
    )


def _is_zlib(start: bytes) -> bool:
    """True if two bytes are the header of zlib's format (RFC 1950, 2.2)."""
    return start[:1] == b"\x78" and len(start) > 1 and struct.unpack(">H", start[:2])[0] % 31 == 0


def _unpack_with(make: Callable[[], _Decompressor]) -> _Scan:
    return lambda source, name, depth, budget: _scan_packed(source, name, depth, budget, make())


_Scan = Callable[[Source, str, int, _Budget], ScanReport]

_SCANS: dict[bytes, _Scan] = {
    b"PK\3\4": _scan_zip,
    b"PK\5\6": _scan_zip,
    b"\x93NUMPY": _scan_npy,
    b"\x1f\x8b": _unpack_with(lambda: zlib.decompressobj(zlib.MAX_WBITS | 16)),
    b"BZh": _unpack_with(bz2.BZ2Decompressor),
    b"\xfd7zXZ\0": _unpack_with(lzma.LZMADecompressor),
}
