"""Cached items removed, with the bytes that nothing else needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from hub.cache import Cache
from hub.errors import NotFoundError
from hub.refs import Ref
from hub.repos import names
from hub.repos.cached import CachedRepo
from hub.repos.names import Name


def remove(ref: Ref) -> int:
    """Remove what a reference means and return how many bytes that freed; NotFoundError if it is
    not cached.

    Of a repository it is the commit that the revision stands for, or a file of that.
    """
    if ref.kind != "hf":
        return Cache().remove(ref)
    name = names.parse(ref.identity)
    cached = CachedRepo(name.repo)
    commit = cached.folder.commit(name.revision)
    if commit is None or not cached.folder.snapshot(commit).is_dir():
        raise NotFoundError(f"{ref}: is not in the cache; `hub ls` shows what is")
    freed = _remove_snapshot(cached, commit) if name.path is None else _remove_file(cached, name)
    if not cached.folder.commits():
        _remove_repository(cached)
    return freed


def _remove_snapshot(cached: CachedRepo, commit: str) -> int:
    """Refs go first: none may stand for a commit that is not there."""
    folder = cached.folder
    for revision in folder.revisions(commit):
        _unlink(folder.refs / revision, up_to=folder.refs)
    blobs = _targets(cached, commit)
    shutil.rmtree(folder.snapshot(commit))
    folder.tree_path(commit).unlink(missing_ok=True)
    shutil.rmtree(folder.absent(commit), ignore_errors=True)
    return _remove_unneeded(cached, blobs)


def _remove_file(cached: CachedRepo, name: Name) -> int:
    folder = cached.folder
    commit = folder.commit(name.revision)
    assert commit is not None and name.path is not None
    pointer = folder.pointer(commit, name.path)
    if not pointer.is_symlink() and not pointer.is_file():
        raise NotFoundError(f"{name}: is not in the cache; `hub ls` shows what is")
    target = cached.target(pointer)
    own = target.stat().st_size if target == pointer else 0
    _unlink(pointer, up_to=folder.snapshots)
    return own + _remove_unneeded(cached, {target} - {pointer})


def _remove_unneeded(cached: CachedRepo, blobs: Iterable[Path]) -> int:
    """Remove those of these files that no snapshot shows any more."""
    needed: set[Path] = set()
    for commit in cached.folder.commits():
        needed |= _targets(cached, commit)
    freed = 0
    for blob in set(blobs) - needed:
        if blob.exists():
            # A link into the library's store for several repositories frees nothing by itself.
            freed += blob.lstat().st_size if not blob.is_symlink() else 0
            blob.unlink()
    return freed


def _remove_repository(cached: CachedRepo) -> None:
    """Nothing is left of it but what was written beside the files, or has not come yet."""
    folder = cached.folder
    if folder.blobs.is_dir() and any(folder.blobs.iterdir()):
        return  # being fetched, or left by a fetch: `hub gc` knows which
    shutil.rmtree(folder.path)
    shutil.rmtree(folder.locks, ignore_errors=True)
    cached.stamps.forget()


def _targets(cached: CachedRepo, commit: str) -> set[Path]:
    """The files that hold the bytes of a snapshot, itself left out."""
    pointers = {cached.folder.pointer(commit, path) for path in cached.files(commit)}
    return {cached.target(pointer) for pointer in pointers} - pointers


def _unlink(path: Path, *, up_to: Path) -> None:
    """Remove a file and the folders that are empty without it."""
    path.unlink()
    folder = path.parent
    while folder != up_to and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
