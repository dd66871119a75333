"""Cache of file hashes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from pathlib import Path
from typing import BinaryIO

from hub.disk import Stamp, atomic_write
from hub.transfer.digests import git_sha1

_CHUNK = 1 << 20  # bytes
# A file may be written again within one tick of the clock: hashes of files this recent are not
# cached.
_SETTLED_NS = 2_000_000_000


class Hashes:
    """The git blob ids and SHA-256 digests of files, cached by inode, size and time.

    They are stored in a JSON file if it can be written, else only in memory. A damaged file of
    hashes is ignored.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known = _load(path)
        self._used: set[str] = set()
        self._changed = False

    def git(self, path: Path, stamp: Stamp) -> str:
        """The git blob id of a file."""
        return self._get("sha1", path, stamp)

    def sha256(self, path: Path, stamp: Stamp) -> str:
        """The SHA-256 of the content of a file."""
        return self._get("sha256", path, stamp)

    def learn(self, path: Path, sha256: str) -> None:
        """Store hashes computed while a file was written."""
        with self._lock:
            self._known[_key("sha256", Stamp.of(path))] = sha256
            self._changed = True

    def save(self, *, forget_unused: bool = False) -> None:
        """Write the hashes to disk; `forget_unused` drops those that were not requested."""
        with self._lock:
            if forget_unused and not self._used >= self._known.keys():
                self._known = {key: self._known[key] for key in self._known if key in self._used}
                self._changed = True
            if not self._changed:
                return
            text = json.dumps({"version": 1, "hashes": self._known}, indent=0)
            self._changed = False
        with contextlib.suppress(OSError):  # a read-only disk
            self._path.parent.mkdir(exist_ok=True)
            with atomic_write(self._path) as file:
                file.write(text.encode())

    def _get(self, algorithm: str, path: Path, stamp: Stamp) -> str:
        key = _key(algorithm, stamp)
        with self._lock:
            self._used.add(key)
            found = self._known.get(key)
        if found is not None:
            return found
        with path.open("rb") as file:
            digest = (
                git_blob(file, stamp.size)
                if algorithm == "sha1"
                else hashlib.file_digest(file, "sha256").hexdigest()
            )
            settled = Stamp.of(path) == stamp and time.time_ns() - stamp.mtime_ns > _SETTLED_NS
        if settled:
            with self._lock:
                self._known[key] = digest
                self._changed = True
        return digest


def git_blob(file: BinaryIO, size: int) -> str:
    """The id of a git blob of this many bytes.

    >>> import io
    >>> git_blob(io.BytesIO(b"hello\\n"), 6)
    'ce013625030ba8dba906f756967f9e9ca394464a'
    """
    digest = git_sha1(size)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _key(algorithm: str, stamp: Stamp) -> str:
    return f"{algorithm}:{stamp.inode}:{stamp.size}:{stamp.mtime_ns}"


def _load(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_bytes())
        hashes = content["hashes"] if content["version"] == 1 else {}
        return {str(key): str(value) for key, value in hashes.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
