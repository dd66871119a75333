"""Casting of buffers between floating-point types, bfloat16 included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hub.formats.buffer import Buffer, ComputedStorage, contiguous_strides
from hub.formats.dtypes import DTYPES

FLOATS = ("float64", "float32", "float16", "bfloat16")
_INTEGERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_BLOCK = 1 << 20  # elements
_NAN = np.uint16(0x7FC0)


def cast(buffer: Buffer, dtype: str, name: str = "?") -> Buffer:
    """Return a buffer of another floating-point type, whose elements are computed when read.

    Rounds to nearest, ties to even. Buffers of integers and bools are returned unchanged. Raises
    ValueError with `name` for other types, and on reading if a finite number would become
    infinite.

    >>> half = cast(Buffer.from_numpy(np.array([1.0, 1 / 3])), "bfloat16")
    >>> [hex(bits) for bits in half.numpy()]
    ['0x3f80', '0x3eab']
    """
    if dtype not in FLOATS:
        raise ValueError(f"dtype {dtype!r}: can be one of {', '.join(FLOATS)}")
    if buffer.dtype == dtype or buffer.dtype in _INTEGERS:
        return buffer
    if buffer.dtype not in FLOATS:
        raise ValueError(f"tensor {name!r}: {buffer.dtype} cannot be converted to {dtype}")

    def compute() -> NDArray[np.uint8]:
        try:
            return _convert(buffer, dtype).reshape(-1).view(np.uint8)
        except OverflowError as error:
            raise ValueError(f"tensor {name!r}: {error}") from None

    return replace(
        buffer,
        dtype=dtype,
        strides=contiguous_strides(buffer.shape),
        storage=ComputedStorage(buffer.numel * DTYPES[dtype].itemsize, compute),
        offset=0,
    )


def _convert(buffer: Buffer, dtype: str) -> NDArray[np.generic]:
    """Convert block by block, so that only the result takes memory."""
    values = np.ascontiguousarray(buffer.numpy()).reshape(-1)
    result = np.empty(values.size, DTYPES[dtype].numpy)
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        if buffer.dtype == "bfloat16":
            block = (block.astype(np.uint32) << np.uint32(16)).view(np.float32)
        result[start : start + _BLOCK] = _convert_block(block, dtype)
    return result


def _convert_block(values: NDArray[np.generic], dtype: str) -> NDArray[np.generic]:
    with np.errstate(over="ignore"):
        if dtype != "bfloat16":
            result = values.astype(DTYPES[dtype].numpy)
            infinite = np.isinf(result)
        else:
            # Through float32, as in PyTorch.
            result = _to_bfloat16(values.astype(np.float32))
            infinite = (result & np.uint16(0x7FFF)) == np.uint16(0x7F80)
    if np.any(infinite) and np.any(infinite & np.isfinite(values)):
        raise OverflowError(f"a value is too large for {dtype}")
    return result


def _to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    bits = values.view(np.uint32)
    # Half of the dropped bits, plus one if the last bit is odd: ties to even.
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    return np.where(np.isnan(values), _NAN, rounded.astype(np.uint16))
