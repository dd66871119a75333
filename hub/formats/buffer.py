"""Buffers: strided views of memory, read from and written to weight files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub.formats.dtypes import DTYPES
from hub.text import format_count

MAX_DIMENSIONS = 64
MAX_INT = 2**63 - 1


class Storage:
    """A block of bytes that buffers view.

    Buffers with the same `Storage` object share memory, which preserves aliasing. `memory` is
    one-dimensional and of bytes; it is read-only if it is a mapped file. `location` is the device
    of the bytes in a PyTorch file.

    >>> Storage(np.zeros(8, np.uint8)).nbytes
    8
    """

    __slots__ = ("_memory", "location", "nbytes")

    def __init__(self, memory: NDArray[np.uint8], location: str = "cpu") -> None:
        if memory.dtype != np.uint8 or memory.ndim != 1 or not memory.flags.c_contiguous:
            raise ValueError("the memory of a storage is a contiguous one-dimensional uint8 array")
        self._memory: NDArray[np.uint8] | None = memory
        self.nbytes = memory.size
        self.location = location

    @classmethod
    def reserve(cls, nbytes: int, location: str = "cpu") -> Storage:
        """Return a storage whose memory is attached later, as legacy files name it first."""
        storage = cls.__new__(cls)
        storage._memory = None
        storage.nbytes = nbytes
        storage.location = location
        return storage

    def attach(self, memory: NDArray[np.uint8]) -> None:
        """Set the memory of a reserved storage."""
        if self._memory is not None:
            raise ValueError("the storage has its memory already")
        if memory.size != self.nbytes:
            raise ValueError(f"{memory.size} bytes for a storage of {self.nbytes} bytes")
        self._memory = memory

    @property
    def memory(self) -> NDArray[np.uint8]:
        """The bytes themselves."""
        if self._memory is None:
            raise ValueError("the storage has no memory yet")
        return self._memory


class ComputedStorage(Storage):
    """Bytes that are computed at each access and take no memory before.

    >>> ComputedStorage(4, lambda: np.ones(4, np.uint8)).memory.tolist()
    [1, 1, 1, 1]
    """

    __slots__ = ("_compute",)

    def __init__(self, nbytes: int, compute: Callable[[], NDArray[np.uint8]]) -> None:
        self._memory = None
        self.nbytes = nbytes
        self.location = "cpu"
        self._compute = compute

    @property
    def memory(self) -> NDArray[np.uint8]:
        """The computed bytes."""
        memory = self._compute()
        if memory.size != self.nbytes:
            raise ValueError(f"{memory.size} bytes were computed for a storage of {self.nbytes}")
        return memory


@dataclass(frozen=True, eq=False)
class Buffer:
    """A strided view of a storage: dtype, shape, strides and offset counted in elements.

    `dtype` is a name in `hub.formats.dtypes.DTYPES`. `requires_grad`, `is_parameter` and
    `attributes`, set by programs, are those recorded in PyTorch files. Raises ValueError if the
    view exceeds its storage.

    >>> Buffer.from_numpy(np.ones((2, 3), np.float32)).strides
    (3, 1)
    """

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    storage: Storage
    offset: int = 0
    requires_grad: bool = False
    is_parameter: bool = False
    attributes: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"unknown dtype {self.dtype!r}")
        _check_view(self.shape, self.strides, self.offset)
        itemsize = DTYPES[self.dtype].itemsize
        if math.prod(max(1, size) for size in self.shape) * itemsize > MAX_INT:
            raise ValueError(f"shape {self.shape} of {self.dtype} overflows 63 bits of bytes")
        needed = (self.offset + self._span) * itemsize
        if needed > self.storage.nbytes:
            raise ValueError(
                f"shape {self.shape}, strides {self.strides}, offset {self.offset} of {self.dtype}"
                f" need {needed} bytes and the storage has {self.storage.nbytes}"
            )

    @classmethod
    def from_numpy(cls, array: NDArray[np.generic], dtype: str | None = None) -> Buffer:
        """View an array as a buffer, without a copy if it is contiguous and little-endian.

        `dtype` names the type if numpy lacks it (bfloat16 stored as uint16).

        >>> Buffer.from_numpy(np.array([0x3F80], np.uint16), "bfloat16").dtype
        'bfloat16'
        """
        name = dtype if dtype is not None else array.dtype.name
        if name not in DTYPES:
            raise ValueError(f"dtype {name!r} cannot be held by a buffer")
        expected = np.dtype(DTYPES[name].numpy)
        if array.dtype.newbyteorder("<") != expected:
            raise ValueError(f"{name} is held as numpy {expected.name}, got {array.dtype.name}")
        flat = np.ascontiguousarray(array, expected).reshape(-1)
        return cls(name, array.shape, contiguous_strides(array.shape), Storage(flat.view(np.uint8)))

    @property
    def numel(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes of the elements without gaps."""
        return self.numel * DTYPES[self.dtype].itemsize

    @property
    def _span(self) -> int:
        """The elements from the first to the last in memory."""
        if self.numel == 0:
            return 0
        spans = zip(self.shape, self.strides, strict=True)
        return 1 + sum((size - 1) * stride for size, stride in spans)

    def address_range(self) -> tuple[int, int]:
        """Return the addresses where the first element begins and where the last one ends."""
        itemsize = DTYPES[self.dtype].itemsize
        start = self.storage.memory.ctypes.data + self.offset * itemsize
        return start, start + self._span * itemsize

    def numpy(self) -> NDArray[np.generic]:
        """View the elements as an array, without a copy; read-only if the memory is.

        bfloat16 and the float8 types become unsigned integers of their width with the raw bits.

        >>> Buffer.from_numpy(np.arange(3)).numpy().tolist()
        [0, 1, 2]
        """
        dtype = DTYPES[self.dtype]
        # A stride along a dimension of one element, or of none, has no meaning and may be huge.
        used = self.numel > 0
        strides = [
            stride * dtype.itemsize if used and size > 1 else dtype.itemsize
            for size, stride in zip(self.shape, self.strides, strict=True)
        ]
        return np.ndarray(
            self.shape,
            dtype.numpy,
            self.storage.memory,
            self.offset * dtype.itemsize if used else 0,
            strides,
        )


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides, in elements, of a shape in row-major order.

    >>> contiguous_strides((2, 3, 4))
    (12, 4, 1)
    """
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(1, size)
    return tuple(reversed(strides))


def aligned(memory: NDArray[np.uint8], alignment: int) -> NDArray[np.uint8]:
    """Return the memory if its address is a multiple of `alignment`, else an aligned copy.

    Files may store elements at any byte offset, but compiled kernels need alignment.
    """
    return memory if memory.ctypes.data % alignment == 0 else memory.copy()


def _check_view(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> None:
    if len(shape) != len(strides):
        sizes = format_count(len(shape), "size")
        raise ValueError(f"{sizes} and {format_count(len(strides), 'stride')}")
    if len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"{len(shape)} dimensions, at most {MAX_DIMENSIONS} are possible")
    for value in (*shape, *strides, offset):
        if not 0 <= value <= MAX_INT:
            raise ValueError(f"a size, stride or offset of {value} is out of range")
