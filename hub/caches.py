"""The interface of caches. A source names the cache of its files.

hub     the hub's own cache (`hub.hub_cache`), of files by reference
hf      the cache of the library `huggingface_hub` (`hub.repos.hf_cache`), of repositories
none    no cache: local files are used in place (`LocalFiles`)
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hub.disk import hash_file
from hub.errors import IntegrityError, NotFoundError, OfflineError
from hub.file_info import LocalFile
from hub.refs import Ref
from hub.sources import source_for

# name: "module:class", imported on first use.
_TABLE = {
    "hub": "hub.hub_cache:HubCache",
    "hf": "hub.repos.hf_cache:HfCache",
    "none": "hub.caches:LocalFiles",
}
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"  # ISO 8601, UTC


@dataclass(frozen=True)
class Info:
    """A file or repository on this machine, described without a request to its source.

    `path` is None if it is not on this machine. `size` counts bytes; `tensors` and `elements`
    count the contents of a weight file, buffers such as running statistics included, and
    `unreadable` says why they could not be counted.
    """

    ref: str
    kind: str
    path: Path | None = None
    commit: str | None = None
    files: int | None = None
    size: int | None = None
    sha256: str | None = None
    source: str | None = None
    fetched: str | None = None
    license: str | None = None
    archive_sha256: str | None = None
    tensors: int | None = None
    elements: int | None = None
    unreadable: str | None = None


@dataclass(frozen=True)
class Item:
    """A cached file or repository. Sizes are in bytes, times in seconds since 1970.

    An item of kind `hf` is a repository at a commit, with its cached files; any other is one file.
    `used` is the time of the last read, as far as the file system and the hub know. `blobs` holds
    the files that store its bytes, with their sizes; items may share them.
    """

    ref: str
    kind: str
    size: int
    files: int
    fetched: float
    used: float
    path: Path
    blobs: dict[Path, int]
    sha256: str | None = None
    commit: str | None = None

    def to_json(self) -> dict[str, object]:
        """The item for JSON, times in ISO 8601, UTC."""
        return {
            "ref": self.ref,
            "kind": self.kind,
            "size": self.size,
            "files": self.files,
            "fetched": time.strftime(TIME_FORMAT, time.gmtime(self.fetched)),
            "used": time.strftime(TIME_FORMAT, time.gmtime(self.used)),
            "path": str(self.path),
            "sha256": self.sha256,
            "commit": self.commit,
        }


@dataclass(frozen=True)
class Check:
    """The outcome of `verify` for one file.

    `expected` and `got` are SHA-256 digests, or git's SHA-1 of the regular files of repositories.
    `got` is None if the file is missing. `fault` is any other defect of the file.
    """

    ref: str
    path: Path
    expected: str
    got: str | None
    fault: str | None = None

    @property
    def ok(self) -> bool:
        return self.got == self.expected and self.fault is None


class Packed(Protocol):
    """An item of an archive, as its manifest describes it."""

    @property
    def ref(self) -> str: ...

    def blobs(self) -> dict[str, int]:
        """The sizes of its blobs, by SHA-256."""

    def check(self, staged: Mapping[str, Path]) -> None:
        """Raise IntegrityError if the cache has other bytes, or the manifest contradicts itself."""

    def publish(self, staged: Mapping[str, Path]) -> None:
        """Add the item to its cache; `staged` holds its verified blobs, by SHA-256."""


class Cache(Protocol):
    """Files by reference, verified when they are found.

    The methods from `items` on are for caches that store files.
    """

    def load(self, ref: Ref, *, offline: bool, progress: bool | None) -> Path:
        """The file, fetched and published if needed; OfflineError if fetching is switched off."""

    def find(self, ref: Ref) -> LocalFile | None:
        """The cached file, None if there is none. IntegrityError if its bytes have changed."""

    def describe(self, ref: Ref) -> Info:
        """Describe the file, hashing no more than `find`."""

    def verify(self, ref: Ref) -> list[Check]:
        """Hash the file, or those of a repository; NotFoundError if there is none."""

    def remove(self, ref: Ref) -> int:
        """Remove it and return the bytes freed; NotFoundError if there is none."""

    def items(self) -> Iterable[Item]:
        """All cached items."""
        return ()

    def collect(self, grace: float, *, dry_run: bool) -> int:
        """Remove unreferenced blobs older than `grace` seconds; returns the bytes freed."""
        return 0

    def pack(self, item: Item, blobs: dict[str, Path]) -> dict[str, object]:
        """Describe an item for an archive's manifest, and add its files to `blobs`."""
        raise not_cached(item.ref)

    def unpack(self, fields: Mapping[str, Any]) -> Packed:
        """Parse an item of a manifest; ValueError, TypeError or KeyError if it is malformed."""
        raise ValueError(f"{fields['ref']!r} is not the reference of a cached file")


def cache_named(name: str) -> Cache:
    """The cache of this name, in the folder that the environment sets."""
    module, _, kind = _TABLE[name].partition(":")
    cache: Cache = getattr(importlib.import_module(module), kind)()
    return cache


def cache_of(ref: Ref) -> Cache:
    """The cache for a reference."""
    return cache_named(source_for(ref.kind).cache)


def items() -> list[Item]:
    """All cached items, by reference."""
    found = [item for name in _TABLE for item in cache_named(name).items()]
    return sorted(found, key=lambda item: item.ref)


def size_on_disk(found: Iterable[Item]) -> int:
    """Total bytes of items; shared files count once."""
    blobs: dict[Path, int] = {}
    for item in found:
        blobs |= item.blobs
    return sum(blobs.values())


def not_cached(ref: object) -> NotFoundError:
    """The error for a file that is not on this machine."""
    return NotFoundError(f"{ref}: is not in the cache: fetch it with `hub download`")


def nothing_to_remove(ref: object) -> NotFoundError:
    """The error of `remove` for a file that is not cached."""
    return NotFoundError(f"{ref}: is not in the cache; `hub ls` shows what is")


def offline(ref: object) -> OfflineError:
    """The error for a file that would have to be fetched."""
    return OfflineError(
        f"{ref}: is not in the cache and the hub is offline: download it where there is a network"
    )


class LocalFiles(Cache):
    """Files outside the caches: those of the user, and those shipped with a package."""

    def load(self, ref: Ref, *, offline: bool, progress: bool | None) -> Path:
        path = source_for(ref.kind).locate(ref)
        if ref.sha256 is not None:
            self._hash(ref, path)
        return path

    def find(self, ref: Ref) -> LocalFile:
        path = source_for(ref.kind).locate(ref)
        return LocalFile(path.stat().st_size, self._hash(ref, path), str(path), path=path)

    def describe(self, ref: Ref) -> Info:
        file = self.find(ref)
        return Info(str(ref), ref.kind, file.path, **file.facts())

    def verify(self, ref: Ref) -> list[Check]:
        path = source_for(ref.kind).locate(ref)
        got = hash_file(path)
        return [Check(str(ref), path, expected=ref.sha256 or got, got=got)]

    def remove(self, ref: Ref) -> int:
        raise nothing_to_remove(ref)

    def _hash(self, ref: Ref, path: Path) -> str:
        """The SHA-256 of a file; IntegrityError if it is pinned to another."""
        got = hash_file(path)
        if ref.sha256 not in (None, got):
            raise IntegrityError(
                str(ref),
                expected=str(ref.sha256),
                got=got,
                source=str(path),
                advice="check the pin, or the origin of the file",
            )
        return got
