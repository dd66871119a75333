"""What no item needs and nobody is fetching."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub import locks
from hub.cache import Cache, remove_tree, tree_size
from hub.repos.cached import CachedRepo
from hub.repos.layout import RepoFolder, cached_repos

DAY = 86400.0  # seconds


@dataclass(frozen=True)
class Collected:
    """What `collect` removed, or would: bytes of the hub's own cache, and of repositories."""

    hub: int
    hf: int

    @property
    def size(self) -> int:
        return self.hub + self.hf


def collect(grace: float = DAY, *, dry_run: bool = False) -> Collected:
    """Remove blobs that no reference needs and partial files that nobody went on with.

    `grace` is how many seconds ago they must have been left: what is being fetched has no
    reference yet. The library's store for several repositories is left to `hf cache prune`.

    >>> collect(dry_run=True).size >= 0
    True
    """
    freed = 0
    for folder in cached_repos():
        for path in _unneeded(folder, time.time() - grace):
            freed += _remove(folder, path, dry_run=dry_run)
        if not dry_run:
            locks.sweep(folder.locks)
    return Collected(Cache().collect(grace, dry_run=dry_run), freed)


def _unneeded(folder: RepoFolder, before: float) -> Iterator[Path]:
    cached = CachedRepo(folder.repo, folder.root)
    needed = {
        cached.target(folder.pointer(commit, path))
        for commit in folder.commits()
        for path in cached.files(commit)
    }
    present = list(folder.blobs.iterdir()) if folder.blobs.is_dir() else []
    present += [path for path in folder.path.iterdir() if path.suffix == ".tmp"]
    for path in present:
        status = path.lstat()
        # The time of change tells when a finished file was renamed into its place.
        if path not in needed and max(status.st_mtime, status.st_ctime) <= before:
            yield path


def _remove(folder: RepoFolder, path: Path, *, dry_run: bool) -> int:
    etag = path.name.partition(".")[0]
    with locks.try_lock(folder.lock_path(etag)) as is_free:
        if not is_free:
            return 0
        if path.is_dir():  # what the library was bringing
            return tree_size(path) if dry_run else remove_tree(path)
        if not path.is_file() and not path.is_symlink():
            return 0
        size = 0 if path.is_symlink() else path.stat().st_size
        if not dry_run:
            path.unlink()
        return size
