"""Facts about files: size, hashes and origin, known or expected."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FileInfo:
    """Size, hash and origin of a file. `size` counts bytes.

    `source` is the origin of the bytes, without secrets, fit to be shown.
    `archive_sha256` is the hash of the archive that they were unpacked from.
    """

    size: int
    sha256: str
    source: str = ""
    license: str | None = None
    archive_sha256: str | None = None

    def facts(self) -> dict[str, Any]:
        """The fields of this class, by name, to construct a subclass from."""
        return {field.name: getattr(self, field.name) for field in fields(FileInfo)}


@dataclass(frozen=True, kw_only=True)
class LocalFile(FileInfo):
    """A file on this machine whose bytes were verified, or hashed while they were received."""

    path: Path


@dataclass(frozen=True)
class Expected:
    """Size and hashes that a file must have; None if unknown.

    `sha256` is the whole digest or the first digits of it, `git_sha1` the name that git gives the
    blob, both in lower-case hexadecimal; `size` counts bytes.
    """

    size: int | None = None
    sha256: str | None = None
    git_sha1: str | None = None

    @property
    def is_bound(self) -> bool:
        """True if a hash is known, so that wrong bytes are detected."""
        return self.sha256 is not None or self.git_sha1 is not None

    def contradicts(self, other: Expected) -> bool:
        """True if the two cannot describe the same file."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return any(a != b and a is not None and b is not None for a, b in pairs)
