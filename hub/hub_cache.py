"""The cache: every byte stored once, under its SHA-256, and a record for every reference.

    blobs/<sha256>          the bytes, read-only
    files/<key>/<name>      a link to the blob under the file's own name, returned to callers
    records/<key>.json      reference, SHA-256, size, origin and time
    partial/<key>/          a file being fetched, or to be resumed
    locks/                  empty at rest

`<key>` is half of the SHA-256 of the reference without its pins. A file is published in the order
blob, link, record, each by an atomic rename after its bytes are synced; no blob is read without its
record. A fetch holds the lock of the entry; publishing and removing also hold the lock of the
store, briefly, so that no blob is collected before its record is written.

On a file system without symbolic links the file is a hard link to the blob, and without those the
blob itself. Shared caches (BESTIARY_SHARED) are read before anything is fetched, and never written.
"""

from __future__ import annotations

import calendar
import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

from hub import file_lock
from hub.caches import (
    TIME_FORMAT,
    Cache,
    Check,
    Info,
    Item,
    Packed,
    not_cached,
    nothing_to_remove,
    offline as offline_error,
)
from hub.disk import (
    Stamp,
    durable_rename,
    freed_with,
    hash_file,
    is_full,
    listing,
    make_read_only,
    newest,
    remove_tree,
    tree_size,
    unlink,
)
from hub.errors import CacheError, HubError, IntegrityError
from hub.file_info import FileInfo, LocalFile
from hub.log import warn
from hub.refs import Ref, check_sha256
from hub.repos.tree import MAX_SIZE
from hub.sources import Destination, source_for

_TOUCH = 3600.0  # seconds: resolution of the time of last use


@dataclass(frozen=True, kw_only=True)
class Record(FileInfo):
    """The record of a cached file. `ref` has no pins, `fetched` is in ISO 8601, UTC."""

    ref: str
    filename: str
    fetched: str
    stamp: Stamp

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Record:
        """Parse a record; ValueError, TypeError or KeyError if the text is none."""
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

    The hub uses its subfolder `hub`.
    """
    if folder := os.environ.get("BESTIARY_HOME"):
        return Path(folder).expanduser().absolute()
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "bestiary"


def shared_homes() -> list[Path]:
    """The folders in $BESTIARY_SHARED, a list like $PATH: caches with the layout of `home()`."""
    listed = os.environ.get("BESTIARY_SHARED", "")
    return [Path(folder).expanduser().absolute() for folder in listed.split(os.pathsep) if folder]


class HubCache(Cache):
    """Fetched files by reference. An OSError on its folder becomes a CacheError.

    Without arguments it is the cache of this user, which falls back to the shared ones.
    """

    def __init__(self, root: Path | None = None, *, is_shared: bool = False) -> None:
        shared = shared_homes() if root is None else []
        self._shared = [HubCache(folder / "hub", is_shared=True) for folder in shared]
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
        """The records of all cached files, by reference; warns of damaged ones."""
        return self._read_all()[0]

    def _read_all(self) -> tuple[list[Record], bool]:
        """The records by reference, and True if any is damaged."""
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
        """The path of the file of a record."""
        return self._files / _key(record.ref) / record.filename

    def used(self, record: Record) -> float:
        """Time at which the file of a record was last used, in seconds since 1970."""
        seen = [self._record_path(record.ref).stat().st_mtime]
        with contextlib.suppress(FileNotFoundError):
            seen.append(self.path(record).stat().st_atime)
        return max(seen)

    def load(self, ref: Ref, *, offline: bool, progress: bool | None) -> Path:
        """The file, fetched if needed."""
        if offline:
            found = self.find(ref)
            if found is None:
                raise offline_error(ref)
            return found.path
        with contextlib.suppress(IntegrityError):  # `_fetch` warns of it, under the lock
            if found := self.find(ref):
                return found.path
        return self._fetch(ref, progress)

    def find(self, ref: Ref) -> LocalFile | None:
        """The cached file, None if there is none; IntegrityError if its bytes have changed.

        It is hashed if its stamp differs from the one recorded when it was last verified.
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

    def _find(self, ref: Ref) -> LocalFile | None:
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
            return LocalFile(**record.facts(), path=path)

    def describe(self, ref: Ref) -> Info:
        """The facts of the record, also if its file is missing."""
        record, _ = self._lookup(ref) or (None, None)
        if record is None:
            return Info(str(ref), ref.kind)
        path = found.path if (found := self.find(ref)) else None
        return Info(str(ref), ref.kind, path, fetched=record.fetched, **record.facts())

    def verify(self, ref: Ref) -> list[Check]:
        """Hash the file, also in a shared cache."""
        recorded = self._lookup(ref)
        if recorded is None:
            raise not_cached(ref)
        record, path = recorded
        try:
            got = hash_file(path)
        except FileNotFoundError:
            got = None
        return [Check(record.ref, path, expected=ref.sha256 or record.sha256, got=got)]

    def items(self) -> Iterator[Item]:
        """One item for each record."""
        for record in self.records():
            path = self.path(record)
            fetched = float(calendar.timegm(time.strptime(record.fetched, TIME_FORMAT)))
            yield Item(
                ref=record.ref,
                kind=Ref(record.ref).kind,
                size=record.size,
                files=1,
                fetched=fetched,
                used=max(fetched, self.used(record)),
                path=path,
                blobs={path.resolve(): record.size},
                sha256=record.sha256,
            )

    def pack(self, item: Item, blobs: dict[str, Path]) -> dict[str, object]:
        """The portable fields of the record."""
        ref = Ref(item.ref)
        found, record = self.find(ref), self.record(ref)
        if found is None or record is None:
            raise CacheError(f"{item.ref}: its file is missing; `hub download` fetches it again")
        blobs[record.sha256] = found.path
        return {"ref": record.ref, "filename": record.filename, **record.facts()}

    def unpack(self, fields: Mapping[str, Any]) -> Packed:
        """Parse the file of a manifest."""
        return _PackedFile.from_json(fields)

    def _lookup(self, ref: Ref) -> tuple[Record, Path] | None:
        """The record of a reference in this or a shared cache, and the path of its file."""
        for cache in (self, *self._shared):
            if record := cache.record(ref):
                return record, cache.path(record)
        return None

    def _fetch(self, ref: Ref, progress: bool | None) -> Path:
        with self.lock(ref):
            try:
                if found := self.find(ref):  # another process has fetched it meanwhile
                    return found.path
            except IntegrityError as error:
                warn(f"{ref}: the cached file has SHA-256 {error.got}; fetching it again")
            first = self.record(ref)
            expected = ref.sha256 or (first.sha256 if first else None)
            with self.workspace(ref) as folder:
                destination = Destination(folder, ref.filename, expected, progress)
                try:
                    fetched = source_for(ref.kind).fetch(ref, destination)
                except IntegrityError as error:
                    if error.expected != expected:  # the archive is the wrong one
                        raise
                    raise _wrong_bytes(ref, error.got, error.source, first) from error
                if expected not in (None, fetched.sha256):
                    raise _wrong_bytes(ref, fetched.sha256, fetched.source, first)
                return self.path(self.publish(ref, fetched))

    @contextlib.contextmanager
    def lock(self, ref: Ref) -> Iterator[None]:
        """Lock the reference against other processes that fetch or remove it."""
        path = self._locks / _key(ref.identity)
        with self._io(), file_lock.lock(path, waiting_for=f"another process fetches {ref}"):
            yield

    @contextlib.contextmanager
    def workspace(self, ref: Ref) -> Iterator[Path]:
        """A temporary folder on the disk of the cache, for fetching. Under `lock` only.

        It is empty before and after, except for a partial file that can be resumed.
        """
        folder = self.partial / _key(ref.identity)
        with self._io():
            _clear(folder)  # leftovers of a killed process
            folder.mkdir(parents=True, exist_ok=True)
            try:
                yield folder
            finally:
                _clear(folder)

    def publish(self, ref: Ref, fetched: LocalFile) -> Record:
        """Make a fetched file visible. Under `lock` only, after its hash was checked."""
        with self._io(), self._store_lock():
            blob = self._blobs / fetched.sha256
            # The blob may exist: of another reference, or of a killed process.
            if not blob.is_file() or hash_file(blob) != fetched.sha256:
                make_read_only(fetched.path)
                durable_rename(fetched.path, blob)
            record = Record(
                **fetched.facts(),
                ref=ref.identity,
                filename=ref.filename,
                fetched=time.strftime(TIME_FORMAT, time.gmtime()),
                stamp=Stamp.of(blob),
            )
            self._link(record)
            self._write(record)
            return record

    def remove(self, ref: Ref) -> int:
        """Remove a reference and its blob if unreferenced; returns the bytes freed."""
        with self._io(), self.lock(ref):
            path, partial = self._record_path(ref.identity), self.partial / _key(ref.identity)
            if not path.exists() and not partial.exists():
                raise nothing_to_remove(ref)
            with self._store_lock():
                path.unlink(missing_ok=True)
                freed = remove_tree(self._files / _key(ref.identity)) + remove_tree(partial)
                return freed + self._collect_blobs()

    def collect(self, grace: float, *, dry_run: bool = False) -> int:
        """Remove unreferenced blobs and abandoned partial files.

        Only those older than `grace` seconds. Returns the bytes freed, or that a `dry_run` would
        free.
        """
        with self._io():
            freed = 0
            for folder in listing(self.partial):
                with file_lock.try_lock(self._locks / folder.name) as is_free:
                    if is_free and newest(folder) < time.time() - grace:
                        freed += tree_size(folder) if dry_run else remove_tree(folder)
            if dry_run:
                return freed + sum(map(freed_with, self._unused_blobs()))
            file_lock.sweep(self._locks)
            with self._store_lock():
                return freed + self._collect_blobs()

    def _collect_blobs(self) -> int:
        """Remove blobs without a record. Under the store's lock: publishing adds both or none."""
        return sum(map(unlink, self._unused_blobs()))

    def _unused_blobs(self) -> list[Path]:
        records, is_damaged = self._read_all()
        if is_damaged:
            return []  # the blobs of damaged records are unknown
        used = {record.sha256 for record in records}
        return [blob for blob in listing(self._blobs) if blob.name not in used]

    def _blob(self, record: Record) -> Path:
        return self._blobs / record.sha256

    def _restamp(self, record: Record, stamp: Stamp) -> None:
        if self._is_shared:
            return
        # A read-only cache: the file is only hashed again the next time.
        with contextlib.suppress(OSError), self._store_lock():
            if self._read(self._record_path(record.ref)) == record:
                self._write(replace(record, stamp=stamp))

    def _note_use(self, record: Record) -> None:
        """Set the time of a record's file to that of its last use, to the hour."""
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
        except OSError:  # needs a privilege on Windows, and some file systems lack them
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
        durable_rename(fresh, path)

    def _record_path(self, identity: str) -> Path:
        return self._records / f"{_key(identity)}.json"

    def _store_lock(self) -> contextlib.AbstractContextManager[None]:
        return file_lock.lock(self._locks / "store", waiting_for="another process tidies the cache")

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
                f"the disk of the cache in {root} is full ({error.strerror}): free some space and "
                "try again, which resumes the download"
            ) from error
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise CacheError(f"the cache in {root} cannot be used: {what}") from error


@dataclass(frozen=True)
class _PackedFile:
    """A file in an archive."""

    ref: str
    file: FileInfo

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> _PackedFile:
        ref, license, archive = fields["ref"], fields["license"], fields["archive_sha256"]
        size = fields["size"]
        if not isinstance(size, int) or not 0 <= size <= MAX_SIZE:
            raise ValueError(f"the size {size!r:.40} is none")
        file = FileInfo(
            size,
            check_sha256(ref, fields["sha256"]),
            str(fields["source"])[:4096],
            None if license is None else str(license)[:80],
            None if archive is None else check_sha256(ref, archive),
        )
        return cls(ref, file)

    def blobs(self) -> dict[str, int]:
        return {self.file.sha256: self.file.size}

    def check(self, staged: Mapping[str, Path]) -> None:
        known = HubCache().record(Ref(self.ref))
        if known is not None and known.sha256 != self.file.sha256:
            raise IntegrityError(
                self.ref,
                expected=known.sha256,
                got=self.file.sha256,
                source="the archive",
                advice="other bytes are cached already; if that is meant, `hub rm` it first",
            )

    def publish(self, staged: Mapping[str, Path]) -> None:
        cache, ref = HubCache(), Ref(self.ref)
        with cache.lock(ref):
            if cache.record(ref) is not None:
                return
            with cache.workspace(ref) as folder:
                import shutil  # imports the compression libraries

                body = folder / "body"
                shutil.copyfile(staged[self.file.sha256], body)
                cache.publish(ref, LocalFile(**self.file.facts(), path=body))


def _wrong_bytes(ref: Ref, got: str | None, source: str, first: Record | None) -> IntegrityError:
    if ref.sha256 is not None:
        expected, advice = ref.sha256, "do not use them; check the pin and the source"
    else:
        assert first is not None
        expected = first.sha256
        advice = f"it changed since {first.fetched}; if that is meant, `hub rm` it first"
    return IntegrityError(str(ref), expected=expected, got=got, source=source, advice=advice)


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


def _clear(folder: Path) -> None:
    """Remove a folder except for partial files with their notes."""
    notes = {path.name for path in listing(folder) if path.suffix == ".json"}
    kept = notes | {name.removesuffix(".json") for name in notes}
    for path in listing(folder):
        if path.is_dir():
            remove_tree(path)
        elif path.name not in kept:
            path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
