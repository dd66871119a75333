"""Transport of batches between processes through shared memory.

A batch is pickled without the contents of its tensors and arrays (out-of-band buffers of pickle
protocol 5); these are written into one file in memory, which the receiver maps. Nothing large
passes through the pipe, and the receiver copies nothing. When the last tensor of a batch is freed,
its file and mapping are reused for another batch: fresh pages cost more than the copy into them.
"""

from __future__ import annotations

import contextlib
import errno
import io
import mmap
import os
import pickle
import tempfile
import weakref
from typing import Any, NamedTuple

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np

_SHARED_MEMORY = "/dev/shm"
# Smaller contents are sent through the pipe, which is faster than creating a file.
_PIPE_LIMIT = 32 * 1024
_ALIGNMENT = 64


class Parcel(NamedTuple):
    """The message sent through the pipe."""

    skeleton: bytes
    sizes: list[int]
    contents: bytes | None  # None if they are in the file
    path: str | None


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return NotImplemented
        tensor = value.detach().contiguous()
        is_bfloat16 = tensor.dtype == _C.bfloat16
        if is_bfloat16:  # numpy lacks it; float32 represents it exactly
            tensor = tensor.float()
        return _rebuild_tensor, (tensor.numpy(), is_bfloat16, value.requires_grad)


def _rebuild_tensor(array: np.ndarray[Any, Any], is_bfloat16: bool, requires_grad: bool) -> Tensor:
    tensor = _C.from_numpy(array)
    if is_bfloat16:
        tensor = tensor.bfloat16()
    return tensor.requires_grad_() if requires_grad else tensor


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def pack(value: Any, directory: str, used: str | None = None) -> Parcel:
    """The parcel of a value; large contents are written to the given file, or to a new one in the
    directory, or in the ordinary temporary one if memory is full."""
    stream = io.BytesIO()
    buffers: list[pickle.PickleBuffer] = []
    _Pickler(stream, protocol=5, buffer_callback=buffers.append).dump(value)
    views = [buffer.raw() for buffer in buffers]
    sizes = [view.nbytes for view in views]
    skeleton = stream.getvalue()
    if sum(map(_aligned, sizes)) <= _PIPE_LIMIT:
        contents = b"".join(view.tobytes().ljust(_aligned(view.nbytes), b"\0") for view in views)
        return Parcel(skeleton, sizes, contents, None)
    return Parcel(skeleton, sizes, None, _store(views, directory, used))


def _store(views: list[memoryview], directory: str, used: str | None) -> str:
    """The path of the file with the contents. They are written, not mapped: a mapping without space
    kills the process, and filling it costs a page fault for every 4 KiB."""
    try:
        return _write_file(views, directory, used)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return _write_file(views, None, None)


def _write_file(views: list[memoryview], directory: str | None, used: str | None) -> str:
    if used is None:
        descriptor, path = tempfile.mkstemp(prefix="batch-", dir=directory)
    else:
        descriptor, path = os.open(used, os.O_WRONLY), used
    try:
        start = 0
        for view in views:
            written = 0
            while written < view.nbytes:  # one call writes 2 GiB at most
                written += os.pwrite(descriptor, view[written:], start + written)
            start += _aligned(view.nbytes)
    except OSError as error:
        if used is None:
            os.unlink(path)
        size = sum(view.nbytes for view in views)
        reason = f"no space for a batch of {size} bytes: {error.strerror}"
        raise OSError(error.errno, reason, path) from None
    finally:
        os.close(descriptor)
    return path


def unpack(parcel: Parcel, files: Files) -> Any:
    """The value of a parcel; its tensors share the file's memory."""
    if parcel.path is None:
        whole = memoryview(bytearray(parcel.contents or b""))
    else:
        whole = files.open(parcel.path, sum(map(_aligned, parcel.sizes)))
    views, start = [], 0
    for size in parcel.sizes:
        views.append(whole[start : start + size])
        start += _aligned(size)
    return pickle.loads(parcel.skeleton, buffers=views)


class Files:
    """The receiver's mappings of parcels' files, and the files that may be reused.

    At most `limit` files wait for reuse; files outside the directory are never reused.
    """

    def __init__(self, directory: str, limit: int) -> None:
        self._directory = directory
        self._limit = limit
        self._mappings: dict[str, mmap.mmap] = {}
        self._unused: list[str] = []

    def take(self) -> str | None:
        """A file to reuse, if there is one."""
        return self._unused.pop() if self._unused else None

    def open(self, path: str, size: int) -> memoryview:
        """The first bytes of the file, which is given back when the last view of them is freed."""
        memory = self._mappings.get(path)
        if memory is None or len(memory) < size:
            memory = self._mappings[path] = _map(path)
        # All views of the mapping hold the array, so it is finalized after the last one.
        bytes_shown = np.frombuffer(memory, np.uint8)
        weakref.finalize(bytes_shown, self.give_back, path).atexit = False
        return bytes_shown.data

    def give_back(self, path: str) -> None:
        """Mark the file as free for reuse."""
        if os.path.dirname(path) == self._directory and len(self._unused) < self._limit:
            self._unused.append(path)
            return
        self._mappings.pop(path, None)
        with contextlib.suppress(FileNotFoundError):  # the loader may have cleaned up already
            os.unlink(path)


def _map(path: str) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR)
    try:
        flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
        return mmap.mmap(descriptor, 0, flags=flags)
    finally:
        os.close(descriptor)


def make_directory() -> str:
    """A new directory for parcels, in a file system in memory if there is one."""
    parent = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None
    return tempfile.mkdtemp(prefix="engine-loader-", dir=parent)
