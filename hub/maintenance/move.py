"""Moving of a cache to another disk: copied, compared, and then replaced by a link."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from hub import file_lock
from hub.disk import Stamp, check_room, hash_file, nearest_existing
from hub.errors import CacheError, IntegrityError
from hub.progress import bar


def move(cache: Path, target: Path, *, progress: bool | None = None) -> int:
    """Move a cache folder to `target` and leave a link there; returns the bytes moved.

    Every file is hashed on both sides before the link replaces the folder, so that programs find
    the cache under its old name at any time; the old files are removed last. Raises CacheError if
    a process is fetching into it, if `target` is not empty, or if a file changed meanwhile: the
    cache is then unchanged, and `target` removed.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "cache").mkdir()
    >>> (folder / "cache" / "blob").write_bytes(b"12345678")
    8
    >>> move(folder / "cache", folder / "disk", progress=False)
    8
    >>> (folder / "cache" / "blob").resolve() == (folder / "disk" / "blob").resolve()
    True
    """
    cache, target = cache.absolute(), target.expanduser().absolute()
    _check(cache, target)
    with ExitStack() as stack:
        for path in sorted(_lock_files(cache)):
            if not stack.enter_context(file_lock.try_lock(path)):
                raise CacheError(f"{cache}: another process is fetching into it: move it later")
        before = _state(cache)
        existed = target.exists()
        try:
            moved = _copy(cache, target, progress)
            if _state(cache) != before:
                raise CacheError(f"{cache}: was changed while it was copied: move it later")
        except BaseException:
            _clear(target, keep=existed)
            raise
        old = cache.with_name(f".{cache.name}.{uuid.uuid4().hex}.moved")
        _switch(cache, old, target)
        shutil.rmtree(old)
    return moved


def _check(cache: Path, target: Path) -> None:
    if not cache.is_dir():
        raise CacheError(f"{cache}: there is no such cache")
    if cache.is_symlink():
        raise CacheError(f"{cache}: is a link to {cache.resolve()} already; move that")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CacheError(f"{target}: is there already and is not an empty folder")
    if target.resolve().is_relative_to(cache.resolve()):
        raise CacheError(f"{target}: is inside the cache {cache}")
    size = sum(path.lstat().st_size for path in _files(cache))
    check_room(str(target), size, nearest_existing(target), "on that disk")


def _copy(cache: Path, target: Path, progress: bool | None) -> int:
    """Copy all files, with times and links, and compare each copy with its original."""
    paths = list(_files(cache))
    total = sum(path.lstat().st_size for path in paths if not path.is_symlink())
    with bar("moving", total, progress) as counted:
        for folder in [cache, *_folders(cache)]:
            (target / folder.relative_to(cache)).mkdir(parents=True, exist_ok=True)
        for path in paths:
            copy = target / path.relative_to(cache)
            shutil.copy2(path, copy, follow_symlinks=False)
            if path.is_symlink():
                continue
            _compare(path, copy)
            counted.update(copy.stat().st_size)
    return total


def _compare(path: Path, copy: Path) -> None:
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    expected, got = hash_file(path), hash_file(copy)
    if expected != got:
        raise IntegrityError(
            str(path),
            expected=expected,
            got=got,
            source=str(copy),
            advice="the copy differs: one of the disks is damaged, or somebody writes there",
        )


def _switch(cache: Path, old: Path, target: Path) -> None:
    """Replace the folder by a link to the new one; the name always leads to one of the two."""
    cache.rename(old)
    try:
        cache.symlink_to(target, target_is_directory=True)
    except BaseException:
        old.rename(cache)
        raise


def _state(cache: Path) -> dict[Path, Stamp | str]:
    """Size, time and inode of every file, to detect changes while copying."""
    return {
        path: os.readlink(path) if path.is_symlink() else Stamp.of(path) for path in _files(cache)
    }


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if (path.is_symlink() or path.is_file()) and not _is_lock(path.relative_to(folder)):
            yield path


def _folders(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())


def _is_lock(path: Path) -> bool:
    return ".locks" in path.parts or "locks" in path.parts[:2]


def _lock_files(cache: Path) -> set[Path]:
    files = (path for path in cache.rglob("*") if path.is_file() and not path.is_symlink())
    return {path for path in files if _is_lock(path.relative_to(cache))}


def _clear(folder: Path, *, keep: bool) -> None:
    if not folder.exists():
        return
    for path in folder.iterdir() if keep else [folder]:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
