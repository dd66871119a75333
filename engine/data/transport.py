"""Batches from one process to another through shared memory.

A batch is pickled without the contents of its tensors and arrays (pickle protocol 5 sets them
aside); these are written into one file in memory, which the receiver maps and unlinks. Nothing
large goes through the pipe, and the receiver copies nothing.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import pickle
import tempfile
from typing import Any, NamedTuple

import numpy as np

from engine import _C
from engine._C import Tensor

_SHARED_MEMORY = "/dev/shm"
# Less than this goes through the pipe: it is faster than making a file.
_PIPE_LIMIT = 32 * 1024
_ALIGNMENT = 64


class Parcel(NamedTuple):
    """What goes through the pipe."""

    skeleton: bytes
    sizes: list[int]
    contents: bytes | None  # None: they are in the file
    path: str | None


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return NotImplemented
        tensor = value.detach().contiguous()
        is_bfloat16 = tensor.dtype == _C.bfloat16
        if is_bfloat16:  # which numpy does not know; float32 holds it exactly
            tensor = tensor.float()
        return _rebuild_tensor, (tensor.numpy(), is_bfloat16, value.requires_grad)


def _rebuild_tensor(
    array: np.ndarray[Any, Any], is_bfloat16: bool, requires_grad: bool
) -> Tensor:
    tensor = _C.from_numpy(array)
    if is_bfloat16:
        tensor = tensor.bfloat16()
    return tensor.requires_grad_() if requires_grad else tensor


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def pack(value: Any, directory: str) -> Parcel:
    """The parcel of a value; what is large is written to a new file in the directory, or in the
    ordinary temporary one where memory has no room."""
    stream = io.BytesIO()
    buffers: list[pickle.PickleBuffer] = []
    _Pickler(stream, protocol=5, buffer_callback=buffers.append).dump(value)
    views = [buffer.raw() for buffer in buffers]
    sizes = [view.nbytes for view in views]
    total = sum(map(_aligned, sizes))
    skeleton = stream.getvalue()
    if total <= _PIPE_LIMIT:
        contents = bytearray(total)
        _write(views, memoryview(contents))
        return Parcel(skeleton, sizes, bytes(contents), None)
    descriptor, path = _reserve(total, directory)
    try:
        with mmap.mmap(descriptor, total) as memory, memoryview(memory) as target:
            _write(views, target)
    finally:
        os.close(descriptor)
    return Parcel(skeleton, sizes, None, path)


def _write(views: list[memoryview], target: memoryview) -> None:
    start = 0
    for view in views:
        target[start : start + view.nbytes] = view
        start += _aligned(view.nbytes)


def _reserve(size: int, directory: str) -> tuple[int, str]:
    """A new file whose room is certain: writing to a mapping without room kills the process."""
    for place in (directory, None):
        descriptor, path = tempfile.mkstemp(prefix="batch-", dir=place)
        try:
            os.posix_fallocate(descriptor, 0, size)
            return descriptor, path
        except OSError as error:
            os.close(descriptor)
            os.unlink(path)
            if error.errno != errno.ENOSPC or place is None:
                raise OSError(
                    error.errno, f"no room for a batch of {size} bytes: {error.strerror}", path
                ) from None
    raise AssertionError("unreachable")


def unpack(parcel: Parcel) -> Any:
    """The value of a parcel; its file is gone afterwards, its memory lives as long as the
    tensors in it."""
    if parcel.path is None:
        memory: Any = bytearray(parcel.contents or b"")
    else:
        memory = _take(parcel.path)
    whole = memoryview(memory)
    views, start = [], 0
    for size in parcel.sizes:
        views.append(whole[start : start + size])
        start += _aligned(size)
    return pickle.loads(parcel.skeleton, buffers=views)


def _take(path: str) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR)
    try:
        return mmap.mmap(descriptor, 0)
    finally:
        os.close(descriptor)
        os.unlink(path)


def discard(parcel: Parcel) -> None:
    """Remove the file of a parcel that nobody wants."""
    if parcel.path is not None:
        os.unlink(parcel.path)


def make_directory() -> str:
    """A new directory for parcels, in memory where the system has a place for that."""
    place = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None
    return tempfile.mkdtemp(prefix="engine-loader-", dir=place)
