"""What the hub does, in functions: `hub.download` and its companions."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hub import refs
from hub.cache import Cache, Record, hash_file
from hub.errors import FormatError, IntegrityError, NotFoundError, OfflineError
from hub.refs import Ref
from hub.sources import LocalSource, Place, RemoteSource, source_for

_WEIGHTS = (".safetensors", ".pt", ".pth", ".bin")


@dataclass(frozen=True)
class Check:
    """The outcome of `verify` for one file. `got` is None if the file is gone."""

    ref: str
    path: Path
    expected: str
    got: str | None

    @property
    def ok(self) -> bool:
        return self.got == self.expected


@dataclass(frozen=True)
class Info:
    """What is known of a file; what lies at its source alone is not known.

    `path` is None if the file is not on this machine. `size` counts bytes; `tensors` and
    `elements` count what a weight file holds, running statistics and the like included, and
    `unreadable` says why they could not be counted.
    """

    ref: str
    kind: str
    path: Path | None = None
    size: int | None = None
    sha256: str | None = None
    source: str | None = None
    fetched: str | None = None
    license: str | None = None
    archive_sha256: str | None = None
    tensors: int | None = None
    elements: int | None = None
    unreadable: str | None = None


def download(
    ref: str | Ref,
    sha256: str | None = None,
    *,
    offline: bool | None = None,
    progress: bool | None = None,
) -> Path:
    """The file a reference means, fetched if it is not on this machine yet, its bytes verified.

    `sha256` pins the bytes, as `#sha256=HEX` in the reference does. A file that is not pinned is
    bound to the bytes of its first download until `rm` forgets it. `offline=True` never fetches
    (default: the environment variable BESTIARY_OFFLINE); `progress` draws a bar on standard error
    (default: if that is a terminal). Any number of processes may ask for the same file at the
    same time: one fetches it. The path is good until `rm`.

    Raises RefError, NotFoundError, FetchError, OfflineError, CacheError, or IntegrityError if the
    bytes are not the expected ones; nothing is then left behind.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "weights.bin")
    >>> _ = path.write_bytes(b"12345678")
    >>> download(f"file:{path}") == path
    True
    """
    ref = _parse(ref).pinned(sha256)
    source = source_for(ref.kind)
    if isinstance(source, LocalSource):
        return _locate(ref, source)
    cache = Cache()
    if is_offline() if offline is None else offline:
        found = cache.find(ref)
        if found is None:
            raise OfflineError(
                f"{ref}: is not in the cache and the hub is offline: "
                "download it where there is a network"
            )
        return found
    with contextlib.suppress(IntegrityError):  # a wrong one is told of where it is fetched again
        if found := cache.find(ref):
            return found
    return _fetch(cache, ref, source, progress)


def path(ref: str | Ref, sha256: str | None = None) -> Path:
    """Where the file of a reference lies on this machine. It is verified and never fetched.

    Raises NotFoundError if it is not there and IntegrityError if its bytes are other ones.

    >>> path("https://example.org/never-downloaded.pth")
    Traceback (most recent call last):
        ...
    hub.errors.NotFoundError: https://example.org/never-downloaded.pth: is not in the cache...
    """
    ref = _parse(ref).pinned(sha256)
    source = source_for(ref.kind)
    if isinstance(source, LocalSource):
        return _locate(ref, source)
    found = Cache().find(ref)
    if found is None:
        raise _not_cached(ref)
    return found


def ls() -> list[Record]:
    """The records of all cached files, sorted by reference.

    >>> all(record.size >= 0 and len(record.sha256) == 64 for record in ls())
    True
    """
    return Cache().records()


def verify(ref: str | Ref | None = None) -> list[Check]:
    """Hash a file, or every cached one, and compare with what is recorded or pinned.

    Works offline. A damaged file is reported, not removed: `download` fetches it again.

    >>> all(isinstance(check.ok, bool) for check in verify())
    True
    """
    cache = Cache()
    if ref is None:
        return [_check(record, cache.path(record), None) for record in cache.records()]
    ref = _parse(ref)
    source = source_for(ref.kind)
    if isinstance(source, LocalSource):
        file = source.locate(ref)
        got = hash_file(file)
        return [Check(str(ref), file, expected=ref.sha256 or got, got=got)]
    record = cache.record(ref)
    if record is None:
        raise _not_cached(ref)
    return [_check(record, cache.path(record), ref.sha256)]


def rm(ref: str | Ref) -> int:
    """Remove a file from the cache and forget the hash of its first download.

    Returns how many bytes that freed, those of killed downloads included. What does not lie in
    the cache (`file:`, `builtin:`) is not touched and is a NotFoundError.

    >>> rm("https://example.org/never-downloaded.pth")
    Traceback (most recent call last):
        ...
    hub.errors.NotFoundError: https://example.org/never-downloaded.pth: is not in the cache...
    """
    return Cache().remove(_parse(ref))


def info(ref: str | Ref) -> Info:
    """What is known of a file, without fetching it.

    >>> info("https://example.org/never-downloaded.pth").path is None
    True
    """
    ref = _parse(ref)
    known = Info(str(ref), ref.kind)
    source = source_for(ref.kind)
    if isinstance(source, LocalSource):
        file = _locate(ref, source)
        known = replace(known, size=file.stat().st_size, sha256=hash_file(file), source=str(file))
        return _with_contents(replace(known, path=file))
    cache = Cache()
    record = cache.record(ref)
    if record is None:
        return known
    known = replace(
        known,
        size=record.size,
        sha256=record.sha256,
        source=record.source,
        fetched=record.fetched,
        license=record.license,
        archive_sha256=record.archive_sha256,
    )
    found = cache.find(ref)
    return _with_contents(replace(known, path=found)) if found else known


def is_offline() -> bool:
    """Whether the environment variable BESTIARY_OFFLINE switches fetching off."""
    return os.environ.get("BESTIARY_OFFLINE", "").lower() not in ("", "0", "false", "no", "off")


def _parse(ref: str | Ref) -> Ref:
    return ref if isinstance(ref, Ref) else refs.parse(ref)


def _locate(ref: Ref, source: LocalSource) -> Path:
    """A file that lies on this machine anyway: hashed each time if it is pinned."""
    file = source.locate(ref)
    if ref.sha256 is not None and (got := hash_file(file)) != ref.sha256:
        raise IntegrityError(
            str(ref),
            expected=ref.sha256,
            got=got,
            source=str(file),
            advice="check the pin, or where the file came from",
        )
    return file


def _fetch(cache: Cache, ref: Ref, source: RemoteSource, progress: bool | None) -> Path:
    with cache.lock(ref):
        try:
            if found := cache.find(ref):  # another process has fetched it while this one waited
                return found
        except IntegrityError as error:
            _warn(f"{ref}: the cached file has SHA-256 {error.got}; fetching it again")
        first = cache.record(ref)
        expected = ref.sha256 or (first.sha256 if first else None)
        with cache.workspace(ref) as folder:
            place = Place(folder, ref.filename, expected, progress)
            try:
                received = source.fetch(ref, place)
            except IntegrityError as error:
                if error.expected != expected:  # the archive is the wrong one
                    raise
                raise _wrong_bytes(ref, error.got, error.source, first) from error
            if expected not in (None, received.sha256):
                raise _wrong_bytes(ref, received.sha256, received.source, first)
            return cache.path(cache.publish(ref, received))


def _warn(message: str) -> None:
    import logging  # rarely needed, and a fifth of what importing the hub would take

    logging.getLogger("hub").warning(message)


def _wrong_bytes(ref: Ref, got: str | None, source: str, first: Record | None) -> IntegrityError:
    if ref.sha256 is not None:
        expected, advice = ref.sha256, "do not use them; check the pin and the source"
    else:
        assert first is not None
        expected = first.sha256
        advice = f"it changed since {first.fetched}; if that is meant, `hub rm` it first"
    return IntegrityError(str(ref), expected=expected, got=got, source=source, advice=advice)


def _not_cached(ref: Ref) -> NotFoundError:
    return NotFoundError(f"{ref}: is not in the cache: fetch it with `hub download`")


def _check(record: Record, file: Path, pin: str | None) -> Check:
    try:
        got = hash_file(file)
    except FileNotFoundError:
        got = None
    return Check(record.ref, file, expected=pin or record.sha256, got=got)


def _with_contents(known: Info) -> Info:
    """Add what the weight file holds, if it is one and its readers can be imported."""
    assert known.path is not None
    if known.path.suffix not in _WEIGHTS:
        return known
    try:
        from hub import formats
    except ImportError as error:  # the readers need numpy, which the rest of the hub does not
        return replace(known, unreadable=str(error))
    try:
        counts = [math.prod(shape) for shape in _shapes(formats.read(known.path))]
    except FormatError as error:
        return replace(known, unreadable=str(error))
    return replace(known, tensors=len(counts), elements=sum(counts))


def _shapes(value: object) -> Iterator[tuple[int, ...]]:
    """The shapes of all arrays in nested containers."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _shapes(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _shapes(item)
    elif hasattr(value, "shape") and hasattr(value, "dtype"):
        yield tuple(value.shape)
