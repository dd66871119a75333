"""The cache of `huggingface_hub` as one of the hub's caches: commits, and single files of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hub import file_lock
from hub.caches import Cache, Check, Info, Item, Packed, not_cached, nothing_to_remove
from hub.disk import remove_tree, tree_size
from hub.errors import FormatError, IntegrityError, RefError
from hub.file_info import LocalFile
from hub.refs import Ref
from hub.repos import repo_id
from hub.repos.cached_repo import CachedRepo
from hub.repos.layout import RepoFolder, cached_repos
from hub.repos.repo_id import RepoRef


class HfCache(Cache):
    """Repositories in the cache of `huggingface_hub`, shared with other programs."""

    def load(self, ref: Ref, *, offline: bool, progress: bool | None) -> Path:
        from hub.repos.repository import Repository  # imports the library

        return Repository(_file(ref), offline=offline, pins=_pins(ref)).file(progress)

    def find(self, ref: Ref) -> LocalFile | None:
        from hub.repos.repository import Repository

        return Repository(_file(ref), offline=True, pins=_pins(ref)).find()

    def describe(self, ref: Ref) -> Info:
        info = Info(str(ref), ref.kind)
        name, cached, commit = _cached(ref)
        if commit is None:
            return info
        if name.path is not None:
            file = cached.find(str(ref), commit, name.path)
            if file is None:
                return info
            return Info(
                str(ref), ref.kind, file.path, commit=commit, size=file.size, sha256=file.sha256
            )
        if not cached.folder.snapshot(commit).is_dir():
            return info
        item = _item(cached, commit, 0.0)
        return Info(str(ref), ref.kind, item.path, commit, item.files, item.size)

    def verify(self, ref: Ref) -> list[Check]:
        name, cached, commit = _cached(ref)
        paths = [] if commit is None else cached.files(commit)
        if name.path is not None:
            paths = [path for path in paths if path == name.path]
        if commit is None or not paths:
            raise not_cached(ref)
        whole = RepoRef(name.repo, name.revision)
        checks = [_check(cached, commit, path, f"{whole}: {path}") for path in paths]
        cached.save()
        return checks

    def remove(self, ref: Ref) -> int:
        """Remove the commit of the revision, or a file of it."""
        name, cached, commit = _cached(ref)
        if commit is None or not cached.folder.snapshot(commit).is_dir():
            raise nothing_to_remove(ref)
        if name.path is None:
            freed = _remove_snapshot(cached, commit)
        else:
            freed = _remove_file(cached, commit, name)
        if not cached.folder.commits():
            _remove_repository(cached)
        return freed

    def items(self) -> Iterator[Item]:
        for folder in cached_repos():
            cached = CachedRepo(folder.repo, folder.root)
            loaded = cached.verified.used or 0.0
            for commit in folder.commits():
                yield _item(cached, commit, loaded)

    def collect(self, grace: float, *, dry_run: bool) -> int:
        """Remove unreferenced blobs; the library's shared store is left to `hf cache prune`."""
        freed = 0
        for folder in cached_repos():
            for path in _unreferenced(folder, time.time() - grace):
                freed += _collect(folder, path, dry_run=dry_run)
            if not dry_run:
                file_lock.sweep(folder.locks)
        return freed

    def pack(self, item: Item, blobs: dict[str, Path]) -> dict[str, object]:
        from hub.repos.archive_entry import pack

        return pack(item, blobs)

    def unpack(self, fields: Mapping[str, Any]) -> Packed:
        from hub.repos.archive_entry import PackedSnapshot

        return PackedSnapshot.from_json(fields)


def _file(ref: Ref) -> RepoRef:
    name = repo_id.parse(ref.identity)
    if name.path is None:
        raise RefError(f"{ref}: is a repository, not a file: hub.snapshot fetches its folder")
    return name


def _pins(ref: Ref) -> dict[str, str]:
    path = repo_id.parse(ref.identity).path
    return {path: ref.sha256} if ref.sha256 and path else {}


def _cached(ref: Ref) -> tuple[RepoRef, CachedRepo, str | None]:
    """The parsed reference, its repository in the cache, and the commit if it is known."""
    name = repo_id.parse(ref.identity)
    cached = CachedRepo(name.repo)
    return name, cached, cached.folder.commit(name.revision)


def _item(cached: CachedRepo, commit: str, loaded: float) -> Item:
    folder = cached.folder.snapshot(commit)
    blobs: dict[Path, int] = {}
    fetched, used = folder.stat().st_mtime, 0.0
    paths = cached.files(commit)
    for path in paths:
        target = cached.target(cached.folder.pointer(commit, path))
        try:
            status = target.stat()
        except FileNotFoundError:  # `verify` reports it
            continue
        blobs[target] = status.st_size
        fetched, used = max(fetched, status.st_mtime), max(used, status.st_atime)
    return Item(
        ref=str(_ref(cached, commit)),
        kind="hf",
        size=sum(blobs.values()),
        files=len(paths),
        fetched=fetched,
        used=max(used, loaded, fetched),
        path=folder,
        blobs=blobs,
        commit=commit,
    )


def _ref(cached: CachedRepo, commit: str) -> RepoRef:
    """The reference of a cached commit: a branch or tag that points to it, else the commit."""
    revisions = sorted(cached.folder.revisions(commit))
    if repo_id.DEFAULT_REVISION in revisions:
        return RepoRef(cached.repo)
    return RepoRef(cached.repo, revisions[0] if revisions else commit)


def _check(cached: CachedRepo, commit: str, path: str, where: str) -> Check:
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


def _remove_snapshot(cached: CachedRepo, commit: str) -> int:
    """Remove refs first, so that none points to a missing commit."""
    folder = cached.folder
    for revision in folder.revisions(commit):
        _unlink(folder.refs / revision, up_to=folder.refs)
    blobs = _targets(cached, commit)
    shutil.rmtree(folder.snapshot(commit))
    folder.tree_path(commit).unlink(missing_ok=True)
    shutil.rmtree(folder.absent(commit), ignore_errors=True)
    return _remove_unreferenced(cached, blobs)


def _remove_file(cached: CachedRepo, commit: str, name: RepoRef) -> int:
    folder = cached.folder
    assert name.path is not None
    pointer = folder.pointer(commit, name.path)
    if not pointer.is_symlink() and not pointer.is_file():
        raise nothing_to_remove(name)
    target = cached.target(pointer)
    own = target.stat().st_size if target == pointer else 0
    _unlink(pointer, up_to=folder.snapshots)
    return own + _remove_unreferenced(cached, {target} - {pointer})


def _remove_unreferenced(cached: CachedRepo, blobs: Iterable[Path]) -> int:
    """Remove those of these blobs that no snapshot links to."""
    freed = 0
    for blob in set(blobs) - _referenced(cached):
        if blob.exists():
            # A link into the library's shared store frees nothing.
            freed += blob.lstat().st_size if not blob.is_symlink() else 0
            blob.unlink()
    return freed


def _remove_repository(cached: CachedRepo) -> None:
    """Remove the folder of a repository without files, unless a file is being fetched."""
    folder = cached.folder
    if folder.blobs.is_dir() and any(folder.blobs.iterdir()):
        return  # of a running or killed fetch: left to `collect`
    shutil.rmtree(folder.path)
    shutil.rmtree(folder.locks, ignore_errors=True)
    cached.verified.forget()


def _unreferenced(folder: RepoFolder, before: float) -> Iterator[Path]:
    referenced = _referenced(CachedRepo(folder.repo, folder.root))
    present = list(folder.blobs.iterdir()) if folder.blobs.is_dir() else []
    present += [path for path in folder.path.iterdir() if path.suffix == ".tmp"]
    for path in present:
        status = path.lstat()
        # ctime is the time at which a finished file was renamed.
        if path not in referenced and max(status.st_mtime, status.st_ctime) <= before:
            yield path


def _collect(folder: RepoFolder, path: Path, *, dry_run: bool) -> int:
    etag = path.name.partition(".")[0]
    with file_lock.try_lock(folder.lock_path(etag)) as is_free:
        if not is_free:
            return 0
        if path.is_dir():  # a download of the library
            return tree_size(path) if dry_run else remove_tree(path)
        if not path.is_file() and not path.is_symlink():
            return 0
        size = 0 if path.is_symlink() else path.stat().st_size
        if not dry_run:
            path.unlink()
        return size


def _referenced(cached: CachedRepo) -> set[Path]:
    found: set[Path] = set()
    for commit in cached.folder.commits():
        found |= _targets(cached, commit)
    return found


def _targets(cached: CachedRepo, commit: str) -> set[Path]:
    """The blobs that a snapshot links to."""
    pointers = {cached.folder.pointer(commit, path) for path in cached.files(commit)}
    return {cached.target(pointer) for pointer in pointers} - pointers


def _unlink(path: Path, *, up_to: Path) -> None:
    """Remove a file and then its empty parent folders."""
    path.unlink()
    folder = path.parent
    while folder != up_to and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
