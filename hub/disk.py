"""The disk: atomic writes, free space, hashes and removal of files."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from hub import cancellation
from hub.errors import CacheError
from hub.text import format_count

_BLOCK = 1 << 20  # bytes
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True)
class Stamp:
    """Size, time and inode of a file; equal stamps mean equal bytes."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file next to `path` that replaces it when the block ends without an error.

    After an error in the block `path` is unchanged and the new file removed. Errors of the file
    system name `path`.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "weights.bin"
    >>> with atomic_write(target) as file:
    ...     _ = file.write(b"whole")
    >>> target.read_bytes()
    b'whole'
    """
    target = Path(path)
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename == str(temporary):
            raise type(error)(error.errno, error.strerror, str(target)) from None
        raise


def feed(file: BinaryIO | FileIO, *digests: hashlib._Hash) -> None:
    """Hash an open file to its end; CancelledError if this thread is cancelled meanwhile.

    >>> import io
    >>> digest = hashlib.sha256()
    >>> feed(io.BytesIO(b"abc"), digest)
    >>> digest.hexdigest()[:8]
    'ba7816bf'
    """
    while block := file.read(_BLOCK):
        cancellation.current().check()
        for digest in digests:
            digest.update(block)


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        feed(file, digest)
    return digest.hexdigest()


def check_room(where: str, size: int, folder: Path, disk: str) -> None:
    """Raise CacheError if the disk of a folder has less free space; `disk` names it.

    >>> check_room("some.bin", 1, Path("/"), "on this disk")
    """
    import shutil  # imports the compression libraries

    free = shutil.disk_usage(folder).free
    if size > free:
        raise CacheError(f"{where}: needs {format_count(size, 'byte')} and {free} are free {disk}")


def check_room_in_cache(where: str, size: int, folder: Path) -> None:
    """Raise CacheError if the disk of the hub's own cache, which has the folder, lacks space."""
    advice = "free some space, or set BESTIARY_HOME to a folder on another disk"
    check_room(where, size, folder, f"on the disk of the cache: {advice}")


def is_full(error: OSError) -> bool:
    """True if an error means that the disk or the user's quota is full."""
    return error.errno in _FULL


def ignores_case(folder: Path) -> bool:
    """True if the file system of a folder ignores case, as tested with a new file.

    >>> import tempfile
    >>> isinstance(ignores_case(Path(tempfile.mkdtemp())), bool)
    True
    """
    import tempfile

    with tempfile.NamedTemporaryFile(prefix=".case-", dir=folder) as file:
        path = Path(file.name)
        return path.with_name(path.name.replace("case", "CASE")).exists()


def nearest_existing(folder: Path) -> Path:
    """The folder, or its closest existing parent.

    >>> nearest_existing(Path("/no-such-folder/below"))
    PosixPath('/')
    """
    while not folder.exists():
        folder = folder.parent
    return folder


def listing(folder: Path) -> list[Path]:
    """The entries of a folder, none if there is no such folder."""
    return list(folder.iterdir()) if folder.is_dir() else []


def remove_tree(folder: Path) -> int:
    """Remove a folder, if it exists, and return the bytes freed."""
    if not folder.exists():
        return 0
    import shutil  # imports the compression libraries

    freed = tree_size(folder)
    shutil.rmtree(folder)
    return freed


def tree_size(folder: Path) -> int:
    """The bytes that removing a folder would free."""
    return sum(map(freed_with, folder.rglob("*")))


def unlink(path: Path) -> int:
    """Remove a file and return the bytes freed."""
    freed = freed_with(path)
    path.unlink()
    return freed


def freed_with(path: Path) -> int:
    """The bytes that removing a path would free: none if it is a folder or has another link."""
    status = path.lstat()
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 else 0


def newest(folder: Path) -> float:
    """Time of the latest change in a folder."""
    return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))


def make_read_only(path: Path) -> None:
    """Remove the write permissions."""
    path.chmod(path.stat().st_mode & ~0o222)


def durable_rename(path: Path, target: Path) -> None:
    """Rename within a disk, and sync the new name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
