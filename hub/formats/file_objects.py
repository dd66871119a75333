"""Weights in file objects: read to their end, and written at their position."""

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
from hub.formats.byte_source import Source

Target = str | os.PathLike[str] | BinaryIO


def is_stream(target: object, action: str) -> bool:
    """True if `target` is a file object to "read" or "write", and not a path.

    Raises TypeError for one that was opened as text.
    """
    if isinstance(target, (str, os.PathLike)):
        return False
    if isinstance(target, io.TextIOBase):
        raise TypeError(f"{_name(target)}: expected a file opened in binary mode, got one of text")
    return callable(getattr(target, action, None))


def read_stream(file: BinaryIO) -> Source:
    """Read a file object from its position to its end into new memory.

    Raises FormatError if it is empty, TypeError if it returns no bytes.
    """
    content = file.read()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise TypeError(f"{_name(file)}: expected bytes to be read, got {type(content).__name__}")
    source = Source(_name(file), np.frombuffer(bytearray(content), np.uint8))
    if not len(source):
        raise source.error("there is nothing to read at the file's position")
    return source


@contextmanager
def opened(target: Target) -> Iterator[BinaryIO]:
    """A file to write to: a path's, which is replaced atomically, or the object itself.

    A link is followed, and the permissions of a replaced file are preserved. Pipes and devices are
    written directly. Offsets in a zip count from the start of its file, so that everything is
    buffered first for an object at another position, or without one.
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
