"""One index per element along a dimension: writing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .rows_indexing import from_start


def _scatter_add(x: np.ndarray, dim: int, index: np.ndarray, src: np.ndarray) -> np.ndarray:
    out = x.copy()
    index_grid = list(np.indices(index.shape))
    index_grid[dim] = index
    np.add.at(out, tuple(index_grid), src[tuple(slice(n) for n in index.shape)])
    return out


def _scatter(x: np.ndarray, dim: int, index: np.ndarray, src: Any) -> np.ndarray:
    out = x.copy()
    index_grid = list(np.indices(index.shape))
    index_grid[dim] = index
    out[tuple(index_grid)] = src if np.ndim(src) == 0 else src[tuple(slice(n) for n in index.shape)]
    return out


def _scatter_reduce(
    x: np.ndarray, dim: int, index: np.ndarray, src: np.ndarray, how: str, include_self: bool
) -> np.ndarray:
    assert dim == 0 and x.ndim == 1
    out, src = x.copy(), src[: len(index)]
    function = {"prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min}[how]
    for i in np.unique(index):
        own = [x[i]] if include_self else []
        out[i] = function([*own, *src[index == i]])
    return out


ROWS = [
    Row(
        "scatter",
        _scatter,
        [Arg(4, 5), 1, from_start(4, 1, below=5), Arg(4, 1)],
        dtypes="all",
        in_place=True,
    ),
    Row(
        "scatter",
        _scatter,
        [Arg(4, 5), 1, from_start(4, 2, below=5), 1.0],
        dtypes="all",
        in_place=True,
        id="scatter-value",
    ),
    Row(
        "scatter_add",
        _scatter_add,
        [Arg(4, 5), 0, from_start(6, 5, below=4), Arg(6, 5)],
        dtypes="number",
        in_place=True,
    ),
    Row(
        "scatter",
        _scatter,
        [Arg(4, 5), 1, from_start(3, 1, below=5), Arg(4, 2)],
        id="scatter-part",
    ),
    Row(
        "scatter_add",
        _scatter_add,
        [Arg(4, 5), 0, from_start(3, 5, below=4), Arg(6, 7)],
        id="scatter_add-part",
    ),
    *[
        Row(
            "scatter_reduce",
            _scatter_reduce,
            [Arg(4), 0, from_start(6, below=4), Arg(size), how],
            {"include_self": include_self},
            dtypes="wide",
            in_place=True,
            id=f"scatter_reduce-{how}-{size}-{include_self}",
        )
        for how in ("prod", "mean", "amax", "amin")
        for size, include_self in ((6, True), (6, False), (8, True))
    ],
    *[
        Row(
            "scatter_reduce",
            lambda x, dim, index, src, how, include_self: np.floor(
                _scatter_reduce(x.astype(float), dim, index, src, how, include_self)
            ),
            [Arg(4, low=0, high=9), 0, from_start(6, below=4), Arg(6, low=0, high=9), how],
            {"include_self": False},
            dtypes="int",
            grad=False,
            id=f"scatter_reduce-int-{how}",
        )
        for how in ("mean", "amax", "amin")
    ],
]
