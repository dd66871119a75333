"""Where a source writes a file: hashed and counted on the way to the disk."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from hub.errors import CacheError
from hub.progress import bar

if TYPE_CHECKING:
    from tqdm import tqdm


class Sink:
    """A file being received. Leaving the `with` block puts every byte on the disk.

    `folder` is scratch space of this one fetch, on the disk of the cache: a source may use it, and
    whoever made the sink empties it.
    """

    def __init__(self, folder: Path, *, label: str, progress: bool | None = None) -> None:
        self.folder = folder
        self.path = folder / "body"
        self.label = label
        self.progress = progress
        self._file = self.path.open("xb")
        self._hash = hashlib.sha256()
        self._bar: tqdm[NoReturn] | None = None
        self.size = 0

    @property
    def sha256(self) -> str:
        """The digest of what has been written, in hexadecimal."""
        return self._hash.hexdigest()

    def begin(self, total: int | None) -> None:
        """Start the file, again if need be: a repeated attempt begins with nothing.

        `total` is how many bytes will come, if the source knows; CacheError if they cannot fit.
        """
        self._file.seek(0)
        self._file.truncate()
        self._hash = hashlib.sha256()
        self.size = 0
        self._close_bar()
        if total is not None:
            self._check_space(total)
        self._bar = bar(self.label, total, self.progress)

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)
        if self._bar is not None:
            self._bar.update(len(chunk))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close_bar()
        with self._file:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())

    def _check_space(self, total: int) -> None:
        disk = os.statvfs(self.folder)
        free = disk.f_bavail * disk.f_frsize
        if total > free:
            raise CacheError(
                f"{self.label}: needs {total} bytes and {free} are free on the disk of the cache: "
                "make room, or set BESTIARY_HOME to a folder on another disk"
            )

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
