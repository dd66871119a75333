"""Sorting, the largest few, binary search."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def sorted_along(x: np.ndarray, dim: int = -1, descending: bool = False) -> Any:
    order = np.argsort(_numbers(x, descending), axis=dim, kind="stable")
    return np.take_along_axis(x, order, dim), order


def _numbers(x: np.ndarray, descending: bool) -> np.ndarray:
    signed = x.astype(np.int64) if x.dtype == bool else x
    return -signed if descending else signed


def _topk(x: np.ndarray, k: int, dim: int = -1, largest: bool = True) -> Any:
    return tuple(a.take(range(k), axis=dim) for a in sorted_along(x, dim, largest))


ROWS = [
    Row("sort", sorted_along, [Arg(3, 7)], dtypes="all", empty=True),
    Row("sort", sorted_along, [Arg(7, 3), 0, True], dtypes="all", id="sort-descending"),
    Row(
        "sort",
        sorted_along,
        [Arg(2, 2000, low=-9, high=9)],
        dtypes="all",
        grad=False,
        id="sort-long",
    ),
    Row(
        "argsort", lambda x, dim: sorted_along(x, dim)[1], [Arg(3, 7), 0], dtypes="all", grad=False
    ),
    Row("topk", _topk, [Arg(3, 7), 2], dtypes="all"),
    Row("topk", _topk, [Arg(300, 3), 3, 0, False], dtypes="all", grad=False, id="topk-smallest"),
    Row(
        "searchsorted",
        lambda s, x: np.searchsorted(np.sort(s), x),
        [Arg(1, low=1, high=1), Arg(3, 4)],
        dtypes="number",
        grad=False,
        method=False,
    ),
    Row("msort", lambda x: np.sort(x, axis=0), [Arg(7, 3)], dtypes="all", empty=True),
    Row(
        "bucketize",
        lambda x, bounds: np.searchsorted(bounds, x),
        [Arg(3, 4), Arg(1)],
        dtypes="number",
        grad=False,
        method=False,
    ),
    Row("isin", np.isin, [Arg(3, 4), Arg(5)], dtypes="int", grad=False, method=False),
]
