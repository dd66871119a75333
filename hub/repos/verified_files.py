"""Records of verified files of repositories, so that they need not be hashed again.

The library's layout has no field for it: the hub's cache has a JSON file for each repository, with
size, mtime, inode and SHA-256 of each verified file. A file whose size, time or inode differs is
hashed when it is loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from dataclasses import astuple, dataclass
from pathlib import Path

from hub import file_lock
from hub.disk import Stamp
from hub.hub_cache import home
from hub.repos.layout import RepoFolder

_VERSION = 1
_TOUCH = 3600.0  # seconds: resolution of the time of last use


@dataclass(frozen=True)
class Seen:
    """A verified file: its stamp and its hashes.

    `etag` is the repository's hash, "" if unknown.
    """

    stamp: Stamp
    sha256: str
    etag: str


class VerifiedFiles:
    """The records of a repository. Threads may share it; `save` writes new records."""

    def __init__(self, folder: RepoFolder) -> None:
        key = hashlib.sha256(str(folder.path).encode()).hexdigest()[:16]
        self._root = home() / "hub"
        self._file = self._root / "repos" / f"{folder.repo.folder}.{key}.json"
        self._folder = folder.path
        self._added: dict[str, Seen] = {}
        self._lock = threading.Lock()
        self._known = self._read()

    @property
    def used(self) -> float | None:
        """Time at which the hub last loaded a file of the repository, in seconds since 1970."""
        try:
            return self._file.stat().st_mtime
        except FileNotFoundError:
            return None

    def sha256(self, path: Path, etag: str) -> str | None:
        """The SHA-256 of an unchanged verified file, None if it must be hashed.

        FileNotFoundError if it does not exist.
        """
        stamp = Stamp.of(path)
        with self._lock:
            name = self._name(path)
            seen = self._added.get(name) or self._known.get(name)
        return seen.sha256 if seen and (seen.stamp, seen.etag) == (stamp, etag) else None

    def add(self, path: Path, stamp: Stamp, sha256: str, etag: str) -> None:
        """Record a file as verified. `stamp` was taken before it was hashed."""
        with self._lock:
            self._added[self._name(path)] = Seen(stamp, sha256, etag)

    def save(self) -> None:
        """Write new records. Failure to write only costs time."""
        with self._lock, contextlib.suppress(OSError):
            if self._added:
                self._merge()
            elif time.time() - (self.used or time.time()) > _TOUCH:
                os.utime(self._file)

    def forget(self) -> None:
        """Remove the records, with the repository."""
        self._file.unlink(missing_ok=True)

    def _merge(self) -> None:
        lock = self._root / "locks" / self._file.name
        with file_lock.lock(lock, waiting_for="another process notes what it has hashed"):
            known = self._read() | self._added
            # Entries of removed files are dropped.
            known = {name: seen for name, seen in known.items() if (self._folder / name).exists()}
            files = {
                name: [*astuple(seen.stamp), seen.sha256, seen.etag]
                for name, seen in sorted(known.items())
            }
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(".new")
            record = {"version": _VERSION, "folder": str(self._folder), "files": files}
            fresh.write_text(json.dumps(record, indent=1), encoding="utf-8")
            fresh.replace(self._file)
        self._known, self._added = known, {}

    def _read(self) -> dict[str, Seen]:
        """The stored records; none if they cannot be read, which only costs time."""
        try:
            record = json.loads(self._file.read_bytes())
            if record["version"] != _VERSION:
                return {}
            return {
                name: Seen(Stamp(size, mtime_ns, inode), str(sha256), str(etag))
                for name, (size, mtime_ns, inode, sha256, etag) in record["files"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._folder))
