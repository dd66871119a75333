"""Index tensors, one per dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def any_index(*shape: int, below: int) -> Arg:
    """Indices, negative ones among them."""
    return Arg(*shape, low=-below, high=below - 1, dtype="int64")


def from_start(*shape: int, below: int) -> Arg:
    return Arg(*shape, low=0, high=below - 1, dtype="int64")


def bool_mask(*shape: int) -> Arg:
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


def _index_add(x: np.ndarray, dim: int, index: np.ndarray, source: np.ndarray) -> np.ndarray:
    out = x.copy()
    np.add.at(out, (slice(None),) * dim + (index,), source)
    return out


def _index_set(x: np.ndarray, dim: int, index: np.ndarray, source: Any) -> np.ndarray:
    out = x.copy()
    out[(slice(None),) * dim + (index,)] = source
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


ROWS = [
    Row("index", _index, [Arg(4, 5), [any_index(3, below=4)]], dtypes="all"),
    Row(
        "index",
        _index,
        [Arg(4, 5, 6), [any_index(3, 1, below=4), any_index(2, below=5)]],
        dtypes="all",
        id="index-two",
    ),
    Row(
        "index_put",
        _index_put,
        [Arg(4, 3), [from_start(1, below=4)], Arg(1, 3)],
        dtypes="all",
        in_place=True,
    ),
    Row(
        "index_put",
        _index_put,
        [Arg(4, 3), [any_index(6, below=4)], Arg(6, 3), True],
        dtypes="number",
        in_place=True,
        id="index_put-accumulate",
    ),
    Row(
        "index_select",
        lambda x, d, i: np.take(x, i, axis=d),
        [Arg(4, 5), 1, from_start(7, below=5)],
        dtypes="all",
    ),
    Row(
        "index_add",
        _index_add,
        [Arg(4, 5), 1, from_start(7, below=5), Arg(4, 7)],
        dtypes="number",
        in_place=True,
    ),
    Row(
        "index_copy",
        _index_set,
        [Arg(4, 5), 0, from_start(1, below=4), Arg(1, 5)],
        dtypes="all",
        in_place=True,
    ),
    Row(
        "index_fill",
        _index_set,
        [Arg(4, 5), 1, any_index(3, below=5), 1.0],
        dtypes="all",
        in_place=True,
    ),
    Row(
        "index_fill",
        lambda x, dim, index, value: np.full_like(x, value),
        [Arg(), 0, any_index(1, below=1), 1.0],
        dtypes="all",
        in_place=True,
        id="index_fill-0d",
    ),
    Row(
        "index_copy",
        lambda x, dim, index, source: source,
        [Arg(), 0, any_index(1, below=1), Arg()],
        in_place=True,
        id="index_copy-0d",
    ),
    Row("take", np.take, [Arg(4, 5), any_index(3, 2, below=20)], dtypes="all"),
    Row("embedding", lambda w, i: w[i], [Arg(6, 3), from_start(2, 4, below=6)], method=False),
    Row(
        "index",
        _index,
        [Arg(3, 4, 2), [bool_mask(3, 4)]],
        dtypes="all",
        method=False,
        id="index-mask",
    ),
    Row(
        "index_put",
        _index_put,
        [Arg(3, 4), [bool_mask(3)], Arg(4)],
        dtypes="all",
        in_place=True,
        id="index_put-mask",
    ),
    Row("put", _put, [Arg(3, 4), Arg(1, low=5, high=5, dtype="int64"), Arg(1)], in_place=True),
    Row(
        "put",
        _put,
        [Arg(3, 4), any_index(5, below=12), Arg(5), True],
        dtypes="wide",
        in_place=True,
        id="put-accumulate",
    ),
    *(
        Row(
            "index_reduce",
            _index_reduce,
            [Arg(3, 4), 0, from_start(5, below=2), Arg(5, 4), reduce],
            dtypes="wide",
            in_place=True,
            id=f"index_reduce-{reduce}",
        )
        for reduce in ("prod", "mean", "amax", "amin")
    ),
]
