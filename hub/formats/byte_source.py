"""Files mapped into memory, and errors with positions in them."""

from __future__ import annotations

import mmap
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hub.errors import FormatError, MissingFileError


@dataclass(frozen=True, eq=False)
class Source:
    """Bytes to parse: a mapped file, or a part of one.

    `origin` is the offset of the bytes in the file `name`, for errors.
    """

    name: str
    memory: NDArray[np.uint8]
    origin: int = 0

    def __len__(self) -> int:
        return self.memory.size

    def bytes(self, start: int, stop: int) -> bytes:
        """Copy the bytes from `start` to `stop`; fewer if the source ends before."""
        return self.memory[start:stop].tobytes()

    def part(self, start: int, stop: int, name: str | None = None) -> Source:
        """Return the bytes from `start` to `stop` as a source, without a copy."""
        return Source(name or self.name, self.memory[start:stop], self.origin + start)

    def error(self, reason: str, position: int | None = None) -> FormatError:
        """Return the error for a fault at a position of this source."""
        at = None if position is None else self.origin + position
        return FormatError(reason, file=self.name, position=at)


def open_source(path: str | os.PathLike[str], *, writable: bool = False) -> Source:
    """Map a file into memory.

    With `writable`, the memory can be written to without changing the file (a private mapping).
    The file must not be truncated by others while the memory is in use. Raises MissingFileError if
    there is no such file, and FormatError if it is empty, a directory or not a regular file.
    """
    name = os.fspath(path)
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise FormatError("a directory, where a file is expected", file=name)
        # Opening a pipe would wait for a writer, and a device has no end.
        if not stat.S_ISREG(mode):
            raise FormatError("not a regular file", file=name)
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise FormatError("the file is empty", file=name)
            access = mmap.ACCESS_COPY if writable else mmap.ACCESS_READ
            mapping = mmap.mmap(file.fileno(), 0, access=access)
    except FileNotFoundError:
        raise MissingFileError(name) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise FormatError(f"cannot be opened: {error}", file=name) from error
    return Source(name, np.frombuffer(mapping, np.uint8))
