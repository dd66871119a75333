"""The cache: every byte stored once, under its SHA-256, and a record for every reference.

    blobs/<sha256>          the bytes, read-only
    files/<key>/<name>      a link to the blob under the file's own name: what callers get
    records/<key>.json      reference, SHA-256, size, origin and time
    partial/<key>/          what is being fetched at this moment
    locks/                  empty at rest

`<key>` is half of the SHA-256 of the reference without its pins. A file appears in the order blob,
link, record, each of them by an atomic rename after its bytes are on the disk; nothing reads a
blob without its record. Who fetches holds the lock of the entry; who publishes or removes also
holds the lock of the store, for a moment: no blob is collected before its record is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub import locks
from hub.errors import CacheError, IntegrityError, NotFoundError
from hub.refs import Ref
from hub.sources import Received


@dataclass(frozen=True)
class Stamp:
    """What the file system says of a file; while it is the same, so are the bytes."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True)
class Record:
    """What is known of a cached file. `ref` has no pins; `size` counts bytes."""

    ref: str
    filename: str
    sha256: str
    size: int
    source: str
    fetched: str  # ISO 8601, UTC
    stamp: Stamp
    license: str | None = None
    archive_sha256: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Raises ValueError, TypeError or KeyError if the text is no record."""
        fields: dict[str, Any] = json.loads(text)
        return cls(**{**fields, "stamp": Stamp(**fields["stamp"])})


def home() -> Path:
    """The cache folder: $BESTIARY_HOME, else bestiary in $XDG_CACHE_HOME, else ~/.cache/bestiary.

    The hub keeps to its subfolder `hub`.
    """
    if folder := os.environ.get("BESTIARY_HOME"):
        return Path(folder).expanduser().absolute()
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "bestiary"


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Cache:
    """The files that were fetched. An OSError on its folder becomes a CacheError."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or home() / "hub"
        self._blobs = self.root / "blobs"
        self._files = self.root / "files"
        self._records = self.root / "records"
        self._partial = self.root / "partial"
        self._locks = self.root / "locks"

    def record(self, ref: Ref) -> Record | None:
        """The record of a reference, None if it is not cached."""
        with self._io():
            return self._read(self._record_path(ref.identity))

    def records(self) -> list[Record]:
        """The records of all cached files, by reference."""
        with self._io():
            found = [self._read(path) for path in self._records.glob("*.json")]
        return sorted((record for record in found if record), key=lambda record: record.ref)

    def path(self, record: Record) -> Path:
        """Where the file of a record lies."""
        return self._files / _key(record.ref) / record.filename

    def find(self, ref: Ref) -> Path | None:
        """The cached file, None if there is none; IntegrityError if its bytes are other ones.

        It is hashed if the file system says that it was touched since it was last known good.
        """
        with self._io():
            record = self._read(self._record_path(ref.identity))
            if record is None:
                return None
            path = self.path(record)
            _check_pins(ref, record, path)
            try:
                stamp = Stamp.of(path)
            except FileNotFoundError:
                return None
            if stamp != record.stamp:
                _check_bytes(ref, record, path)
                self._restamp(record, stamp)
            return path

    @contextlib.contextmanager
    def lock(self, ref: Ref) -> Iterator[None]:
        """Be the only process that fetches or removes this reference."""
        path = self._locks / _key(ref.identity)
        with self._io(), locks.lock(path, waiting_for=f"another process fetches {ref}"):
            yield

    @contextlib.contextmanager
    def workspace(self, ref: Ref) -> Iterator[Path]:
        """A folder on the disk of the cache for what is fetched. Under `lock` only.

        It is empty, before and after, but for a partial file from which a fetch can go on.
        """
        folder = self._partial / _key(ref.identity)
        with self._io():
            _clear(folder)  # as a process that was killed has left it
            folder.mkdir(parents=True, exist_ok=True)
            try:
                yield folder
            finally:
                _clear(folder)

    def publish(self, ref: Ref, received: Received) -> Record:
        """Make a fetched file visible. Under `lock` only, after its hash was checked."""
        with self._io(), self._store_lock():
            _make_read_only(received.path)
            record = Record(
                ref=ref.identity,
                filename=ref.filename,
                sha256=received.sha256,
                size=received.size,
                source=received.source,
                fetched=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                stamp=Stamp.of(received.path),
                license=received.license,
                archive_sha256=received.archive_sha256,
            )
            _move(received.path, self._blob(record))
            self._link(record)
            self._write(record)
            return record

    def remove(self, ref: Ref) -> int:
        """Forget a reference and the bytes nothing else refers to; returns how many were freed."""
        with self._io(), self.lock(ref), self._store_lock():
            path = self._record_path(ref.identity)
            if not path.exists():
                raise NotFoundError(f"{ref}: is not in the cache; `hub ls` shows what is")
            path.unlink()
            _remove_tree(self._files / _key(ref.identity))
            return self._collect()

    def _collect(self) -> int:
        """Remove what no record refers to and no process is fetching. Under the store's lock."""
        used = {record.sha256 for record in self.records()}
        freed = 0
        for blob in _listing(self._blobs):
            if blob.name not in used:
                freed += blob.stat().st_size
                blob.unlink()
        for folder in _listing(self._partial):
            with locks.try_lock(self._locks / folder.name) as is_free:
                if is_free:
                    freed += sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
                    _remove_tree(folder)
        return freed

    def _blob(self, record: Record) -> Path:
        return self._blobs / record.sha256

    def _restamp(self, record: Record, stamp: Stamp) -> None:
        fields = {**asdict(record), "stamp": stamp}
        # A shared cache may be read-only: the file is hashed again the next time, that is all.
        with contextlib.suppress(OSError), self._store_lock():
            if self._read(self._record_path(record.ref)) == record:
                self._write(Record(**fields))

    def _link(self, record: Record) -> None:
        path = self.path(record)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.parent / ".new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.path.relpath(self._blob(record), path.parent))
        fresh.replace(path)

    def _read(self, path: Path) -> Record | None:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return Record.from_json(text)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CacheError(f"{path}: is not a record of this cache: delete it") from error

    def _write(self, record: Record) -> None:
        path = self._record_path(record.ref)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(record.to_json())
            file.flush()
            os.fsync(file.fileno())
        _move(fresh, path)

    def _record_path(self, identity: str) -> Path:
        return self._records / f"{_key(identity)}.json"

    def _store_lock(self) -> contextlib.AbstractContextManager[None]:
        return locks.lock(self._locks / "store", waiting_for="another process tidies the cache")

    @contextlib.contextmanager
    def _io(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise CacheError(f"the cache in {self.root} cannot be used: {what}") from error


def _check_pins(ref: Ref, record: Record, path: Path) -> None:
    for pin, cached in (
        (ref.sha256, record.sha256),
        (ref.archive_sha256, record.archive_sha256),
    ):
        if pin not in (None, cached):
            raise IntegrityError(
                str(ref),
                expected=str(pin),
                got=cached,
                source=f"the cached {path}",
                advice=f"it was fetched from {record.source}; `hub download` fetches it again",
            )


def _check_bytes(ref: Ref, record: Record, path: Path) -> None:
    got = hash_file(path)
    if got != record.sha256:
        raise IntegrityError(
            str(ref),
            expected=record.sha256,
            got=got,
            source=f"the cached {path}",
            advice="it was damaged since it was fetched; `hub download` fetches it again",
        )


def _key(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _listing(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _remove_tree(folder: Path) -> None:
    if folder.exists():
        import shutil  # brings the compression libraries along

        shutil.rmtree(folder)


def _clear(folder: Path) -> None:
    """Remove a folder, but keep partial files with the notes that make them useful."""
    notes = {path.name for path in _listing(folder) if path.suffix == ".json"}
    kept = notes | {name.removesuffix(".json") for name in notes}
    for path in _listing(folder):
        if path.is_dir():
            _remove_tree(path)
        elif path.name not in kept:
            path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _make_read_only(path: Path) -> None:
    path.chmod(path.stat().st_mode & ~0o222)


def _move(path: Path, target: Path) -> None:
    """Rename within the disk, so that the new name outlives a power cut."""
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
