"""The disk: files that appear whole or not at all, and room for what is to come."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from hub import stopping
from hub.errors import CacheError
from hub.wording import format_count

_BLOCK = 1 << 20  # bytes
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file next to `path` that takes its name when the block ends without an error.

    An error in the block leaves what was at `path` as it was and removes the new file. Errors of
    the file system name `path`.

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
    """Hash an open file to its end; StoppedError if the work of this thread is given up meanwhile.

    >>> import io
    >>> digest = hashlib.sha256()
    >>> feed(io.BytesIO(b"abc"), digest)
    >>> digest.hexdigest()[:8]
    'ba7816bf'
    """
    while block := file.read(_BLOCK):
        stopping.current().check()
        for digest in digests:
            digest.update(block)


def check_room(where: str, size: int, folder: Path, place: str) -> None:
    """CacheError if the disk of a folder has no room for so many bytes; `place` tells people which.

    >>> check_room("some.bin", 1, Path("/"), "on this disk")
    """
    import shutil  # brings the compression libraries along

    free = shutil.disk_usage(folder).free
    if size > free:
        raise CacheError(f"{where}: needs {format_count(size, 'byte')} and {free} are free {place}")


def check_room_in_cache(where: str, size: int, folder: Path) -> None:
    """CacheError if the disk of the hub's own cache, in which the folder is, has no room."""
    advice = "make room, or set BESTIARY_HOME to a folder on another disk"
    check_room(where, size, folder, f"on the disk of the cache: {advice}")


def is_full(error: OSError) -> bool:
    """Whether an error says that the disk, or what the user may take of it, is full."""
    return error.errno in _FULL


def ignores_case(folder: Path) -> bool:
    """Whether names in a folder are the same if they differ in case alone; tried with a new file.

    >>> import tempfile
    >>> isinstance(ignores_case(Path(tempfile.mkdtemp())), bool)
    True
    """
    import tempfile

    with tempfile.NamedTemporaryFile(prefix=".case-", dir=folder) as file:
        path = Path(file.name)
        return path.with_name(path.name.replace("case", "CASE")).exists()


def nearest_existing(folder: Path) -> Path:
    """The folder, or the closest one above it that is there.

    >>> nearest_existing(Path("/no-such-folder/below"))
    PosixPath('/')
    """
    while not folder.exists():
        folder = folder.parent
    return folder
