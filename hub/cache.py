"""The cache: every byte stored once, under its SHA-256, and a record for every reference.

    blobs/<sha256>          the bytes, read-only
    files/<key>/<name>      a link to the blob under the file's own name: what callers get
    records/<key>.json      reference, SHA-256, size, origin and time
    partial/<key>/          what is being fetched, or was until it failed and can go on
    locks/                  empty at rest

`<key>` is half of the SHA-256 of the reference without its pins. A file appears in the order blob,
link, record, each of them by an atomic rename after its bytes are on the disk; nothing reads a
blob without its record. Who fetches holds the lock of the entry; who publishes or removes also
holds the lock of the store, for a moment: no blob is collected before its record is written.

Where the file system has no symbolic links, the file is a hard link to the blob, and without those
it is the blob itself. Caches of others (BESTIARY_SHARED) are read before anything is fetched, and
never written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from hub import locks
from hub.disk import feed, is_full
from hub.errors import CacheError, HubError, IntegrityError, NotFoundError
from hub.log import warn
from hub.refs import Ref, check_sha256
from hub.sources import Received

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"  # ISO 8601, UTC
_TOUCH = 3600.0  # seconds: how exact the time of last use is


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
    def from_json(cls, text: str | bytes) -> Record:
        """Raises ValueError, TypeError or KeyError if the text is no record."""
        fields: dict[str, Any] = json.loads(text)
        stamp = Stamp(**fields["stamp"])
        record = cls(**{**fields, "stamp": stamp})
        required = record.ref, record.filename, record.sha256, record.source, record.fetched
        optional = record.license, record.archive_sha256
        if not all(isinstance(text, str) for text in (*required, *filter(None, optional))):
            raise TypeError("a field that is no text")
        if not all(type(number) is int for number in (record.size, *astuple(stamp))):
            raise TypeError("a field that is no number")
        time.strptime(record.fetched, TIME_FORMAT)
        check_sha256(record.ref, record.sha256)
        if Path(record.filename).name != record.filename or record.filename in ("", ".", ".."):
            raise ValueError("a file name that leads elsewhere")
        return record


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
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        feed(file, digest)
    return digest.hexdigest()


def shared_homes() -> list[Path]:
    """The folders in $BESTIARY_SHARED, which is a list like $PATH: caches laid out as `home()`."""
    listed = os.environ.get("BESTIARY_SHARED", "")
    return [Path(folder).expanduser().absolute() for folder in listed.split(os.pathsep) if folder]


class Cache:
    """The files that were fetched. An OSError on its folder becomes a CacheError.

    Without arguments it is the cache of this user, which falls back on the shared ones.
    """

    def __init__(self, root: Path | None = None, *, is_shared: bool = False) -> None:
        shared = shared_homes() if root is None else []
        self._shared = [Cache(folder / "hub", is_shared=True) for folder in shared]
        self._is_shared = is_shared
        self.root = root or home() / "hub"
        self._blobs = self.root / "blobs"
        self._files = self.root / "files"
        self._records = self.root / "records"
        self.partial = self.root / "partial"
        self._locks = self.root / "locks"

    def record(self, ref: Ref) -> Record | None:
        """The record of a reference, None if it is not cached."""
        with self._io():
            return self._read(self._record_path(ref.identity))

    def records(self) -> list[Record]:
        """The records of all cached files, by reference; of damaged ones it warns."""
        return self._read_all()[0]

    def _read_all(self) -> tuple[list[Record], bool]:
        """The records by reference, and whether there are damaged ones."""
        found, is_damaged = [], False
        with self._io():
            for path in sorted(self._records.glob("*.json")):
                try:
                    record = self._read(path)
                except CacheError as error:
                    warn(str(error))
                    is_damaged = True
                else:
                    found += [record] if record else []
        return sorted(found, key=lambda record: record.ref), is_damaged

    def path(self, record: Record) -> Path:
        """Where the file of a record lies."""
        return self._files / _key(record.ref) / record.filename

    def used(self, record: Record) -> float:
        """When the file of a record was last found or read, in seconds since 1970."""
        seen = [self._record_path(record.ref).stat().st_mtime]
        with contextlib.suppress(FileNotFoundError):
            seen.append(self.path(record).stat().st_atime)
        return max(seen)

    def lookup(self, ref: Ref) -> tuple[Record, Path] | None:
        """The record of a reference here or in a shared cache, and where its file should be."""
        for cache in (self, *self._shared):
            if record := cache.record(ref):
                return record, cache.path(record)
        return None

    def find(self, ref: Ref) -> Path | None:
        """The cached file, None if there is none; IntegrityError if its bytes are other ones.

        It is hashed if the file system says that it was touched since it was last known good.
        """
        damaged: IntegrityError | None = None
        for cache in (self, *self._shared):
            try:
                if found := cache._find(ref):
                    return found
            except IntegrityError as error:
                damaged = damaged or error
        if damaged is not None:
            raise damaged
        return None

    def _find(self, ref: Ref) -> Path | None:
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
            self._note_use(record)
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
        folder = self.partial / _key(ref.identity)
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
            blob = self._blobs / received.sha256
            # Its bytes may be here: another file has them, or who brought them was killed.
            if not blob.is_file() or hash_file(blob) != received.sha256:
                _make_read_only(received.path)
                _move(received.path, blob)
            record = Record(
                ref=ref.identity,
                filename=ref.filename,
                sha256=received.sha256,
                size=received.size,
                source=received.source,
                fetched=time.strftime(TIME_FORMAT, time.gmtime()),
                stamp=Stamp.of(blob),
                license=received.license,
                archive_sha256=received.archive_sha256,
            )
            self._link(record)
            self._write(record)
            return record

    def remove(self, ref: Ref) -> int:
        """Forget a reference and the bytes nothing else refers to; returns how many were freed."""
        with self._io(), self.lock(ref):
            path, partial = self._record_path(ref.identity), self.partial / _key(ref.identity)
            if not path.exists() and not partial.exists():
                raise NotFoundError(f"{ref}: is not in the cache; `hub ls` shows what is")
            with self._store_lock():
                path.unlink(missing_ok=True)
                freed = remove_tree(self._files / _key(ref.identity)) + remove_tree(partial)
                return freed + self._collect_blobs()

    def collect(self, grace: float, *, dry_run: bool = False) -> int:
        """Remove what no record refers to, and partial files that nobody went on with.

        `grace` is how many seconds ago they must have been left. Returns how many bytes it freed,
        or would in a `dry_run`.
        """
        with self._io():
            freed = 0
            for folder in _listing(self.partial):
                with locks.try_lock(self._locks / folder.name) as is_free:
                    if is_free and _newest(folder) < time.time() - grace:
                        freed += tree_size(folder) if dry_run else remove_tree(folder)
            if dry_run:
                return freed + sum(map(_freed_with, self._unused_blobs()))
            locks.sweep(self._locks)
            with self._store_lock():
                return freed + self._collect_blobs()

    def _collect_blobs(self) -> int:
        """Remove blobs without a record. Under the store's lock: publishing has both or none."""
        return sum(map(_unlink, self._unused_blobs()))

    def _unused_blobs(self) -> list[Path]:
        records, is_damaged = self._read_all()
        if is_damaged:
            return []  # whose bytes the damaged ones need is not known
        used = {record.sha256 for record in records}
        return [blob for blob in _listing(self._blobs) if blob.name not in used]

    def _blob(self, record: Record) -> Path:
        return self._blobs / record.sha256

    def _restamp(self, record: Record, stamp: Stamp) -> None:
        fields = {**asdict(record), "stamp": stamp}
        if self._is_shared:
            return
        # The cache may be read-only: the file is hashed again the next time, that is all.
        with contextlib.suppress(OSError), self._store_lock():
            if self._read(self._record_path(record.ref)) == record:
                self._write(Record(**fields))

    def _note_use(self, record: Record) -> None:
        """The time of a record's file is when it was last asked for, to the hour."""
        path = self._record_path(record.ref)
        with contextlib.suppress(OSError):  # a shared cache, perhaps read-only
            if not self._is_shared and path.stat().st_mtime < time.time() - _TOUCH:
                os.utime(path)

    def _link(self, record: Record) -> None:
        path = self.path(record)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.parent / ".new"
        fresh.unlink(missing_ok=True)
        blob = self._blob(record)
        try:
            fresh.symlink_to(os.path.relpath(blob, path.parent))
        except OSError:  # Windows grants it to few, and some file systems have none
            try:
                fresh.hardlink_to(blob)
            except OSError:
                fresh = blob
        fresh.replace(path)

    def _read(self, path: Path) -> Record | None:
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            record = Record.from_json(text)
            if path != self._record_path(record.ref):
                raise ValueError("a record of another reference")
            return record
        except (HubError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
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

    def _io(self) -> contextlib.AbstractContextManager[None]:
        return cache_errors(self.root)


@contextlib.contextmanager
def cache_errors(root: Path) -> Iterator[None]:
    """Turn an OSError on the folder of a cache into a CacheError."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise CacheError(
                f"the disk of the cache in {root} is full ({error.strerror}): make room and try "
                "again, which goes on from what has come"
            ) from error
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise CacheError(f"the cache in {root} cannot be used: {what}") from error


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


def remove_tree(folder: Path) -> int:
    """Remove a folder, if there is one, and say how many bytes that freed."""
    if not folder.exists():
        return 0
    import shutil  # brings the compression libraries along

    freed = tree_size(folder)
    shutil.rmtree(folder)
    return freed


def tree_size(folder: Path) -> int:
    """The bytes that go with a folder."""
    return sum(map(_freed_with, folder.rglob("*")))


def _unlink(path: Path) -> int:
    freed = _freed_with(path)
    path.unlink()
    return freed


def _freed_with(path: Path) -> int:
    """The bytes that go with a path: none if it is a folder or has another link."""
    status = path.lstat()
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 else 0


def _newest(folder: Path) -> float:
    """When something in a folder was changed last."""
    return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))


def _clear(folder: Path) -> None:
    """Remove a folder, but keep partial files with the notes that make them useful."""
    notes = {path.name for path in _listing(folder) if path.suffix == ".json"}
    kept = notes | {name.removesuffix(".json") for name in notes}
    for path in _listing(folder):
        if path.is_dir():
            remove_tree(path)
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
