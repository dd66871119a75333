"""What is cached: one item for each reference, of the hub's own cache and of repositories."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.cache import Cache, Record
from hub.errors import CacheError
from hub.repos import names
from hub.repos.cached import CachedRepo
from hub.repos.layout import cached_repos
from hub.repos.names import Name

_ISO = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Item:
    """Something cached. Sizes are in bytes, times in seconds since 1970.

    An item of kind `hf` is a repository at a commit, with the files that are here; any other is
    one file. `used` is when it was last read, as far as the file system and the hub know.
    `blobs` holds the sizes of the files that its bytes lie in, which items may share.
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
            "fetched": time.strftime(_ISO, time.gmtime(self.fetched)),
            "used": time.strftime(_ISO, time.gmtime(self.used)),
            "path": str(self.path),
            "sha256": self.sha256,
            "commit": self.commit,
        }


def items() -> list[Item]:
    """All that is cached, by reference."""
    return sorted([*_files(), *_repositories()], key=lambda item: item.ref)


def size_on_disk(found: Iterable[Item]) -> int:
    """Bytes that items take together: those that they share count once."""
    blobs: dict[Path, int] = {}
    for item in found:
        blobs |= item.blobs
    return sum(blobs.values())


def name_of(cached: CachedRepo, commit: str) -> Name:
    """How a cached commit is asked for: by a branch or tag that stands for it, else by itself."""
    revisions = sorted(cached.folder.revisions(commit))
    if names.DEFAULT_REVISION in revisions:
        return Name(cached.repo)
    return Name(cached.repo, revisions[0] if revisions else commit)


def _files() -> Iterator[Item]:
    cache = Cache()
    for record in cache.records():
        path = cache.path(record)
        yield Item(
            ref=record.ref,
            kind=record.ref.partition(":")[0],
            size=record.size,
            files=1,
            fetched=_seconds(record),
            used=max(_seconds(record), cache.used(record)),
            path=path,
            blobs={path.resolve(): record.size},
            sha256=record.sha256,
        )


def _repositories() -> Iterator[Item]:
    for folder in cached_repos():
        cached = CachedRepo(folder.repo, folder.root)
        loaded = cached.stamps.used or 0.0
        for commit in folder.commits():
            yield _snapshot(cached, commit, loaded)


def _snapshot(cached: CachedRepo, commit: str, loaded: float) -> Item:
    folder = cached.folder.snapshot(commit)
    blobs: dict[Path, int] = {}
    fetched, used = folder.stat().st_mtime, 0.0
    paths = cached.files(commit)
    for path in paths:
        target = cached.target(cached.folder.pointer(commit, path))
        try:
            status = target.stat()
        except FileNotFoundError:  # `verify` tells of it
            continue
        blobs[target] = status.st_size
        fetched, used = max(fetched, status.st_mtime), max(used, status.st_atime)
    return Item(
        ref=str(name_of(cached, commit)),
        kind="hf",
        size=sum(blobs.values()),
        files=len(paths),
        fetched=fetched,
        used=max(used, loaded, fetched),
        path=folder,
        blobs=blobs,
        commit=commit,
    )


def _seconds(record: Record) -> float:
    try:
        return float(calendar.timegm(time.strptime(record.fetched, _ISO)))
    except ValueError:
        raise CacheError(
            f"{record.ref}: was fetched at {record.fetched!r}, which is no time"
        ) from None
