"""Indexing: reads and writes at indices and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def _indices(*shape: int, below: int) -> Arg:
    """Indices, negative ones among them."""
    return Arg(*shape, low=-below, high=below - 1, dtype="int64")


def _from_start(*shape: int, below: int) -> Arg:
    return Arg(*shape, low=0, high=below - 1, dtype="int64")


def _mask(*shape: int) -> Arg:
    return Arg(*shape, dtype="bool")


def _index(x: np.ndarray, indices: list[Any]) -> np.ndarray:
    return x[tuple(slice(None) if i is None else i for i in indices)]


def _index_put(
    x: np.ndarray, indices: list[Any], values: np.ndarray, accumulate: bool = False
) -> np.ndarray:
    out = x.copy()
    if accumulate:
        np.add.at(out, tuple(indices), values)
    else:
        out[tuple(indices)] = values
    return out


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


def _index_add(x: np.ndarray, dim: int, index: np.ndarray, source: np.ndarray) -> np.ndarray:
    out = x.copy()
    np.add.at(out, (slice(None),) * dim + (index,), source)
    return out


def _index_set(x: np.ndarray, dim: int, index: np.ndarray, source: Any) -> np.ndarray:
    out = x.copy()
    out[(slice(None),) * dim + (index,)] = source
    return out


def _masked_fill(x: np.ndarray, mask: np.ndarray, value: Any) -> np.ndarray:
    return np.where(mask, np.asarray(value).astype(x.dtype), x)


def _masked_scatter(x: np.ndarray, mask: np.ndarray, source: np.ndarray) -> np.ndarray:
    out = x.copy()
    out[np.broadcast_to(mask, x.shape)] = source.ravel()[: np.broadcast_to(mask, x.shape).sum()]
    return out


def _put(
    x: np.ndarray, index: np.ndarray, source: np.ndarray, accumulate: bool = False
) -> np.ndarray:
    flat = x.flatten()
    if accumulate:
        np.add.at(flat, index, source)
    else:
        np.put(flat, index, source)
    return flat.reshape(x.shape)


def _index_reduce(
    x: np.ndarray, dim: int, index: np.ndarray, source: np.ndarray, reduce: str
) -> np.ndarray:
    combine = {"prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min}[reduce]
    out = x.copy()
    for i in range(len(x)):
        out[i] = combine(np.concatenate([x[i : i + 1], source[index == i]]), axis=0)
    return out


def _slice_scatter(x: np.ndarray, src: np.ndarray) -> np.ndarray:
    out = x.copy()
    out[:, 1:4:2] = src
    return out


def _select_scatter(x: np.ndarray, src: np.ndarray, dim: int, index: int) -> np.ndarray:
    out = x.copy()
    out[:, index] = src
    return out


def _diagonal_scatter(x: np.ndarray, src: np.ndarray, offset: int) -> np.ndarray:
    out = x.copy()
    for i, value in enumerate(src):
        out[i, i + offset] = value
    return out


ROWS = [
    Row("index", _index, [Arg(4, 5), [_indices(3, below=4)]], dtypes="all"),
    Row(
        "index",
        _index,
        [Arg(4, 5, 6), [_indices(3, 1, below=4), _indices(2, below=5)]],
        dtypes="all",
        id="index-two",
    ),
    Row(
        "index_put",
        _index_put,
        [Arg(4, 3), [_from_start(1, below=4)], Arg(1, 3)],
        dtypes="all",
        in_place=True,
    ),
    Row(
        "index_put",
        _index_put,
        [Arg(4, 3), [_indices(6, below=4)], Arg(6, 3), True],
        dtypes="number",
        in_place=True,
        id="index_put-accumulate",
    ),
    Row(
        "index_select",
        lambda x, d, i: np.take(x, i, axis=d),
        [Arg(4, 5), 1, _from_start(7, below=5)],
        dtypes="all",
    ),
    Row(
        "index_add",
        _index_add,
        [Arg(4, 5), 1, _from_start(7, below=5), Arg(4, 7)],
        dtypes="number",
        in_place=True,
    ),
    Row(
        "index_copy",
        _index_set,
        [Arg(4, 5), 0, _from_start(1, below=4), Arg(1, 5)],
        dtypes="all",
        in_place=True,
    ),
    Row(
        "index_fill",
        _index_set,
        [Arg(4, 5), 1, _indices(3, below=5), 1.0],
        dtypes="all",
        in_place=True,
    ),
    Row(
        "index_fill",
        lambda x, dim, index, value: np.full_like(x, value),
        [Arg(), 0, _indices(1, below=1), 1.0],
        dtypes="all",
        in_place=True,
        id="index_fill-0d",
    ),
    Row(
        "index_copy",
        lambda x, dim, index, source: source,
        [Arg(), 0, _indices(1, below=1), Arg()],
        in_place=True,
        id="index_copy-0d",
    ),
    Row("take", np.take, [Arg(4, 5), _indices(3, 2, below=20)], dtypes="all"),
    Row("embedding", lambda w, i: w[i], [Arg(6, 3), _from_start(2, 4, below=6)], method=False),
    Row(
        "gather",
        lambda x, d, i: np.take_along_axis(x, i, d),
        [Arg(4, 5), 1, _from_start(4, 3, below=5)],
        dtypes="all",
    ),
    Row(
        "take_along_dim",
        np.take_along_axis,
        [Arg(4, 5), _indices(1, 3, below=5), 1],
        dtypes="all",
    ),
    Row(
        "scatter",
        _scatter,
        [Arg(4, 5), 1, _from_start(4, 1, below=5), Arg(4, 1)],
        dtypes="all",
        in_place=True,
    ),
    Row(
        "scatter",
        _scatter,
        [Arg(4, 5), 1, _from_start(4, 2, below=5), 1.0],
        dtypes="all",
        in_place=True,
        id="scatter-value",
    ),
    Row(
        "scatter_add",
        _scatter_add,
        [Arg(4, 5), 0, _from_start(6, 5, below=4), Arg(6, 5)],
        dtypes="number",
        in_place=True,
    ),
    Row(
        "scatter",
        _scatter,
        [Arg(4, 5), 1, _from_start(3, 1, below=5), Arg(4, 2)],
        id="scatter-part",
    ),
    Row(
        "scatter_add",
        _scatter_add,
        [Arg(4, 5), 0, _from_start(3, 5, below=4), Arg(6, 7)],
        id="scatter_add-part",
    ),
    *[
        Row(
            "scatter_reduce",
            _scatter_reduce,
            [Arg(4), 0, _from_start(6, below=4), Arg(size), how],
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
            [Arg(4, low=0, high=9), 0, _from_start(6, below=4), Arg(6, low=0, high=9), how],
            {"include_self": False},
            dtypes="int",
            grad=False,
            id=f"scatter_reduce-int-{how}",
        )
        for how in ("mean", "amax", "amin")
    ],
    Row(
        "masked_fill",
        _masked_fill,
        [Arg(3, 4), _mask(3, 4), 1.0],
        dtypes="all",
        in_place=True,
        empty=True,
    ),
    Row("masked_fill", _masked_fill, [Arg(3, 4), _mask(4), Arg()], id="masked_fill-tensor"),
    Row(
        "masked_select",
        lambda x, m: np.broadcast_arrays(x, m)[0][np.broadcast_arrays(x, m)[1]],
        [Arg(3, 4), _mask(4)],
        dtypes="all",
    ),
    Row("nonzero", lambda x: np.argwhere(x), [Arg(3, 4)], dtypes="all", grad=False, empty=True),
    Row("argwhere", lambda x: np.argwhere(x), [Arg(3, 4)], dtypes="all", grad=False),
    Row(
        "index",
        _index,
        [Arg(3, 4, 2), [_mask(3, 4)]],
        dtypes="all",
        method=False,
        id="index-mask",
    ),
    Row(
        "index_put",
        _index_put,
        [Arg(3, 4), [_mask(3)], Arg(4)],
        dtypes="all",
        in_place=True,
        id="index_put-mask",
    ),
    Row("masked_scatter", _masked_scatter, [Arg(3, 4), _mask(4), Arg(4, 5)], in_place=True),
    Row("put", _put, [Arg(3, 4), Arg(1, low=5, high=5, dtype="int64"), Arg(1)], in_place=True),
    Row(
        "put",
        _put,
        [Arg(3, 4), _indices(5, below=12), Arg(5), True],
        dtypes="wide",
        in_place=True,
        id="put-accumulate",
    ),
    *(
        Row(
            "index_reduce",
            _index_reduce,
            [Arg(3, 4), 0, _from_start(5, below=2), Arg(5, 4), reduce],
            dtypes="wide",
            in_place=True,
            id=f"index_reduce-{reduce}",
        )
        for reduce in ("prod", "mean", "amax", "amin")
    ),
    Row(
        "slice_scatter",
        lambda x, src, dim, start, end, step: _slice_scatter(x, src),
        [Arg(3, 5), Arg(3, 2), 1, 1, 4, 2],
        dtypes="all",
    ),
    Row("select_scatter", _select_scatter, [Arg(3, 4), Arg(3), 1, 2], dtypes="all"),
    Row("diagonal_scatter", _diagonal_scatter, [Arg(3, 4), Arg(3), 1], dtypes="all"),
]
