"""Pooling over windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .sliding_windows import Size, per_dim, windows


def behind(x: np.ndarray, kernel: Size, stride: Size, padding: Size, dilation: Size) -> Any:
    """The padding that ceil mode adds at the ends, for windows that start before them."""
    n = x.ndim - 2
    more = []
    for size, k, s, p, d in zip(
        x.shape[2:], *(per_dim(v, n) for v in (kernel, stride, padding, dilation)), strict=True
    ):
        count = -(-(size + 2 * p - d * (k - 1) - 1) // s) + 1
        count -= (count - 1) * s >= size + p
        more.append(max(0, (count - 1) * s + d * (k - 1) + 1 - size - 2 * p))
    return tuple(more)


def max_pool(
    x: np.ndarray,
    kernel: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil: bool = False,
) -> np.ndarray:
    n = x.ndim - 2
    stride = kernel if stride is None else stride
    more = behind(x, kernel, stride, padding, dilation) if ceil else None
    patches = windows(x, per_dim(kernel, n), stride, padding, dilation, -np.inf, more)
    return patches.max(tuple(range(-n, 0)))


def max_pool_with_indices(x: np.ndarray, *args: Any) -> tuple[np.ndarray, np.ndarray]:
    return with_indices(x, max_pool(x, *args))


def with_indices(x: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values, which are elements of x, and the index of each in its channel."""
    flat = x.reshape(*x.shape[:2], -1)
    numbers = (flat[:, :, None, :] == values.reshape(*x.shape[:2], -1, 1)).argmax(-1)
    return values, numbers.reshape(values.shape)


def avg_pool(
    x: np.ndarray,
    kernel: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil: bool = False,
    count_padding: bool = True,
    divisor: int | None = None,
) -> np.ndarray:
    n = x.ndim - 2
    sizes = per_dim(kernel, n)
    stride = kernel if stride is None else stride
    more = behind(x, kernel, stride, padding, 1) if ceil else (0,) * n
    axes = tuple(range(-n, 0))
    ones = np.ones_like(x)
    if count_padding:
        edges = [(p, p) for p in per_dim(padding, n)]
        ones = np.pad(ones, [(0, 0), (0, 0), *edges], constant_values=1.0)
    counts = windows(ones, sizes, stride, 0 if count_padding else padding, 1, 0.0, more).sum(axes)
    total = windows(x, sizes, stride, padding, 1, 0.0, more).sum(axes)
    return total / (counts if divisor is None else divisor)


def adaptive(x: np.ndarray, size: Size, reduce: Any) -> np.ndarray:
    n = x.ndim - 2
    sizes = per_dim(size, n)
    y = np.empty((*x.shape[:2], *sizes))
    for at in np.ndindex(*sizes):
        part = tuple(
            slice(i * length // s, -(-(i + 1) * length // s))
            for i, s, length in zip(at, sizes, x.shape[2:], strict=True)
        )
        y[(slice(None), slice(None), *at)] = reduce(x[(..., *part)], axis=tuple(range(2, 2 + n)))
    return y


def pool(name: str, reference: Any, *args: Any, id: str) -> Row:
    # Far apart, so that finite differences do not change the argmax.
    return Row(name, reference, list(args), method=False, id=f"{name}-{id}")


def adaptive_avg(x: np.ndarray, size: Size) -> np.ndarray:
    return adaptive(x, size, np.mean)


def adaptive_max(x: np.ndarray, size: Size) -> np.ndarray:
    return adaptive(x, size, np.max)


def adaptive_max_with_indices(x: np.ndarray, size: Size) -> tuple[np.ndarray, np.ndarray]:
    return with_indices(x, adaptive_max(x, size))


ROWS = [
    pool("max_pool1d", max_pool, Arg(2, 3, 9), 3, 2, 1, id="padded"),
    pool("max_pool2d", max_pool, Arg(2, 3, 6, 8), 2, id="plain"),
    pool("max_pool2d", max_pool, Arg(1, 9, 7, 6), 3, 2, 1, id="resnet"),
    pool("max_pool2d", max_pool, Arg(1, 2, 8, 9), (2, 3), (3, 2), (1, 1), (2, 1), True, id="ceil"),
    pool("max_pool3d", max_pool, Arg(1, 2, 4, 5, 4), 2, 1, 1, id="padded"),
    pool("avg_pool1d", avg_pool, Arg(2, 3, 9), 3, 2, 1, id="padded"),
    pool("avg_pool2d", avg_pool, Arg(2, 3, 6, 8), (2, 3), id="plain"),
    pool("avg_pool2d", avg_pool, Arg(1, 2, 8, 7), 3, 2, 1, True, False, id="ceil"),
    pool("avg_pool2d", avg_pool, Arg(1, 2, 8, 7), 3, 2, 1, True, True, id="ceil-padding"),
    pool("avg_pool2d", avg_pool, Arg(1, 2, 6, 6), 2, 2, 0, False, True, 3, id="divisor"),
    pool("avg_pool3d", avg_pool, Arg(1, 2, 4, 5, 4), 2, 2, 1, id="padded"),
    pool("adaptive_avg_pool1d", adaptive_avg, Arg(2, 3, 7), 3, id="uneven"),
    pool("adaptive_avg_pool2d", adaptive_avg, Arg(2, 3, 7, 5), (3, 4), id="uneven"),
    pool("adaptive_avg_pool2d", adaptive_avg, Arg(2, 3, 4, 5), 1, id="global"),
    pool("adaptive_avg_pool3d", adaptive_avg, Arg(1, 2, 3, 4, 5), 2, id="uneven"),
    pool("adaptive_max_pool1d", adaptive_max, Arg(2, 3, 7), 3, id="uneven"),
    pool("adaptive_max_pool2d", adaptive_max, Arg(2, 3, 7, 5), (3, 4), id="uneven"),
    pool("adaptive_max_pool3d", adaptive_max, Arg(1, 2, 3, 4, 5), 2, id="uneven"),
    *[
        Row(
            f"max_pool{n}d_with_indices",
            max_pool_with_indices,
            [Arg(1, 2, *(6, 7, 5)[:n]), 3, 2, 1],
            dtypes="wide",
            grad=False,
            method=False,
        )
        for n in (1, 2, 3)
    ],
    *[
        Row(
            f"adaptive_max_pool{n}d_with_indices",
            adaptive_max_with_indices,
            [Arg(1, 2, *(6, 7, 5)[:n]), 3],
            dtypes="wide",
            grad=False,
            method=False,
        )
        for n in (1, 2, 3)
    ],
]
