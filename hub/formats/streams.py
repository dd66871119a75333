"""Weights in file objects: read to their end, and written where they stand."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from hub.disk import atomic_write
from hub.formats.source import Source

Target = str | os.PathLike[str] | BinaryIO


def is_stream(target: object, action: str) -> bool:
    """True if `target` is an object to "read" from or to "write" to, and not a path.

    Raises TypeError for one that was opened as text.
    """
    if isinstance(target, (str, os.PathLike)):
        return False
    if isinstance(target, io.TextIOBase):
        raise TypeError(f"{_name(target)}: expected a file opened in binary mode, got one of text")
    return callable(getattr(target, action, None))


def read_stream(file: BinaryIO) -> Source:
    """Return what a file object has from where it stands to its end, in memory of its own.

    Raises FormatError if that is nothing, TypeError if it gives no bytes.
    """
    content = file.read()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise TypeError(f"{_name(file)}: expected bytes to be read, got {type(content).__name__}")
    source = Source(_name(file), np.frombuffer(bytearray(content), np.uint8))
    if not len(source):
        raise source.error("there is nothing to read from where the file stands")
    return source


@contextmanager
def opened(target: Target) -> Iterator[BinaryIO]:
    """A file to write to: a path's, which appears whole or not at all, or the object itself.

    A link is followed, and a file that is replaced leaves its permissions to the new one. Pipes and
    devices are written to as they are. The offsets in a zip count from the start of its file, so
    for an object that stands elsewhere, or can't say, everything is collected first.
    """
    if isinstance(target, (str, os.PathLike)):
        with _opened_path(os.path.realpath(target)) as file:
            yield file
    elif target.seekable() and target.tell() == 0:
        yield target
    else:
        collected = io.BytesIO()
        yield collected
        target.write(collected.getbuffer())


@contextmanager
def _opened_path(path: str) -> Iterator[BinaryIO]:
    mode = os.stat(path).st_mode if os.path.exists(path) else None
    if mode is None or stat.S_ISREG(mode):
        with atomic_write(path) as file:
            if mode is not None:
                os.chmod(file.name, stat.S_IMODE(mode))
            yield file
    elif stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    else:
        collected = io.BytesIO()
        yield collected
        with open(path, "wb") as file:
            file.write(collected.getbuffer())


def _name(file: object) -> str:
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else f"<{type(file).__name__}>"
