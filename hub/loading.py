"""One file, from whichever source: the part of the hub that all loads go through."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cache import Cache, Record, hash_file
from hub.errors import IntegrityError, NotFoundError, OfflineError, RefError
from hub.log import warn
from hub.refs import Ref
from hub.sources import Held, KeepingSource, LocalSource, Place, RemoteSource, source_for

if TYPE_CHECKING:
    from hub.repos.repository import Repository


def load(ref: Ref, *, offline: bool | None = None, progress: bool | None = None) -> Path:
    """The file a reference means, fetched if need be, verified."""
    source = source_for(ref.kind)
    if isinstance(source, LocalSource):
        return locate(ref, source)
    offline = is_offline() if offline is None else offline
    if isinstance(source, KeepingSource):
        return source.bring(ref, offline=offline, progress=progress)
    cache = Cache()
    if offline:
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


def find(ref: Ref) -> Path:
    """Where the file lies, if it is on this machine, verified; NotFoundError if it is not."""
    source = source_for(ref.kind)
    return locate(ref, source) if isinstance(source, LocalSource) else held(ref).path


def held(ref: Ref) -> Held:
    """What is known of a file that is on this machine, verified; NotFoundError if it is not."""
    source = source_for(ref.kind)
    if isinstance(source, LocalSource):
        file = locate(ref, source)
        return Held(file, file.stat().st_size, ref.sha256 or hash_file(file))
    if isinstance(source, KeepingSource):
        found = source.find(ref)
    else:
        found = _held_by(Cache(), ref)
    if found is None:
        raise not_cached(ref)
    return found


def repository(ref: Ref, revision: str | None, offline: bool | None) -> Repository:
    """The repository that a reference means, at a revision; RefError if it means a file."""
    # The library that it asks takes longer to import than all of the hub.
    from hub.repos import names
    from hub.repos.repository import Repository

    if ref.kind != "hf":
        raise RefError(f"{ref}: is no repository, like 'hf:org/name': `hub download` brings files")
    name = names.parse(ref.identity)
    if name.path is not None:
        raise RefError(f"{ref}: is a file, not a repository: `hub download` brings it")
    if revision is not None:
        if name.revision not in (names.DEFAULT_REVISION, revision):
            raise RefError(f"{ref}: is at another revision than the argument {revision!r}")
        name = replace(name, revision=names.check_revision(str(ref), revision))
    return Repository(name, offline=is_offline() if offline is None else offline)


def is_offline() -> bool:
    """Whether the environment variable BESTIARY_OFFLINE switches fetching off."""
    return os.environ.get("BESTIARY_OFFLINE", "").lower() not in ("", "0", "false", "no", "off")


def locate(ref: Ref, source: LocalSource) -> Path:
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


def not_cached(ref: Ref) -> NotFoundError:
    """What to raise for a file that is not on this machine."""
    return NotFoundError(f"{ref}: is not in the cache: fetch it with `hub download`")


def _held_by(cache: Cache, ref: Ref) -> Held | None:
    path, recorded = cache.find(ref), cache.lookup(ref)
    if path is None or recorded is None:
        return None
    record, _ = recorded
    return Held(path, record.size, record.sha256, record.archive_sha256)


def _fetch(cache: Cache, ref: Ref, source: RemoteSource, progress: bool | None) -> Path:
    with cache.lock(ref):
        try:
            if found := cache.find(ref):  # another process has fetched it while this one waited
                return found
        except IntegrityError as error:
            warn(f"{ref}: the cached file has SHA-256 {error.got}; fetching it again")
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


def _wrong_bytes(ref: Ref, got: str | None, source: str, first: Record | None) -> IntegrityError:
    if ref.sha256 is not None:
        expected, advice = ref.sha256, "do not use them; check the pin and the source"
    else:
        assert first is not None
        expected = first.sha256
        advice = f"it changed since {first.fetched}; if that is meant, `hub rm` it first"
    return IntegrityError(str(ref), expected=expected, got=got, source=source, advice=advice)
