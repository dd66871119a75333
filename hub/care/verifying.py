"""Cached files hashed again and compared with what they must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hub.cache import Cache, Record, hash_file
from hub.care.items import Item
from hub.errors import FormatError, IntegrityError
from hub.refs import Ref
from hub.repos import names
from hub.repos.cached import CachedRepo


@dataclass(frozen=True)
class Check:
    """The outcome of `verify` for one file.

    `expected` and `got` are SHA-256 digests, or git's SHA-1 of the regular files of repositories.
    `got` is None if the file is gone. `fault` is what else is wrong with a file.
    """

    ref: str
    path: Path
    expected: str
    got: str | None
    fault: str | None = None

    @property
    def ok(self) -> bool:
        return self.got == self.expected and self.fault is None


def verify_items(found: list[Item]) -> Iterator[Check]:
    """Hash all files of these items."""
    cache = Cache()
    for item in found:
        if item.commit is not None:
            name = replace(names.parse(item.ref), revision=item.commit)
            yield from verify_snapshot(CachedRepo(name.repo), item.commit, item.ref)
            continue
        record = cache.record(Ref(item.ref))
        if record is not None:
            yield check_record(record, cache.path(record), None)


def verify_snapshot(
    cached: CachedRepo, commit: str, ref: str, only: str | None = None
) -> Iterator[Check]:
    """Hash the files of a commit that are here, or `only` one of them. `ref` names the commit."""
    for path in cached.files(commit):
        if only in (None, path):
            yield _check_repo_file(cached, commit, path, f"{ref}: {path}")
    cached.save()


def check_record(record: Record, file: Path, pin: str | None) -> Check:
    """Hash one file of the hub's own cache."""
    try:
        got = hash_file(file)
    except FileNotFoundError:
        got = None
    return Check(record.ref, file, expected=pin or record.sha256, got=got)


def _check_repo_file(cached: CachedRepo, commit: str, path: str, where: str) -> Check:
    pointer = cached.folder.pointer(commit, path)
    target = cached.target(pointer)
    etag = cached.etag(where, commit, path, target)
    try:
        sha256 = cached.check(where, path, target, etag)
    except FileNotFoundError:
        return Check(where, pointer, expected=etag, got=None)
    except IntegrityError as error:
        return Check(where, pointer, expected=etag, got=error.got)
    except FormatError as error:
        return Check(where, pointer, expected=etag, got=etag, fault=str(error))
    return Check(where, pointer, expected=etag or sha256, got=etag or sha256)
