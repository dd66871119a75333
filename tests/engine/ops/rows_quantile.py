"""Quantiles, medians, mode."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from .framework import Arg, Row
from .rows_sorting import sorted_along

A = Arg(4, 7)


def _quantile(x: np.ndarray, q: Any, dim: int | None = None, interpolation: str = "linear") -> Any:
    return np.quantile(x, q, axis=dim, method=interpolation)


def _with_nan(x: np.ndarray) -> np.ndarray:
    return np.where(x > 1, np.nan, x)


def _nanquantile(x: np.ndarray, dim: int) -> np.ndarray:
    return np.nanquantile(_with_nan(x), 0.3, axis=dim)


def _kth(x: np.ndarray, k: int, dim: int) -> Any:
    return tuple(a.take(k - 1, axis=dim) for a in sorted_along(x, dim))


def _median(x: np.ndarray, dim: int) -> Any:
    return _kth(x, (x.shape[dim] + 1) // 2, dim)


def _nanmedian(x: np.ndarray) -> Any:
    """The lower of two middle elements of each row, and its index."""
    rows = _with_nan(x)
    positions = [np.argsort(row)[(np.sum(~np.isnan(row)) - 1) // 2] for row in rows]
    return rows[range(len(rows)), positions], np.array(positions)


def _mode(x: np.ndarray, dim: int) -> Any:
    values = stats.mode(x, axis=dim).mode
    last = x.shape[dim] - 1 - np.argmax(np.flip(x == np.expand_dims(values, dim), dim), dim)
    return values, last


ROWS = [
    Row("quantile", _quantile, [A, 0.3], dtypes="wide"),
    *(
        Row(
            "quantile",
            _quantile,
            [A, 0.3, dim],
            {"interpolation": how},
            dtypes="wide",
            id=f"quantile-{how}",
        )
        for dim, how in enumerate(("lower", "higher"))
    ),
    Row(
        "quantile",
        _quantile,
        [A, 0.45, 1],
        {"interpolation": "midpoint"},
        dtypes="wide",
        id="quantile-midpoint",
    ),
    Row(
        "quantile",
        _quantile,
        [A, 0.45, 1],
        {"interpolation": "nearest"},
        dtypes="wide",
        id="quantile-nearest",
    ),
    Row(
        "quantile",
        lambda x, q, dim: np.quantile(x, np.sort(q), axis=dim),
        [A, Arg(1, low=0, high=1), 1],
        dtypes="wide",
        grad=False,
        id="quantile-several",
    ),
    Row("nanquantile", np.nanquantile, [A, 0.3, 1], dtypes="wide"),
    Row("kthvalue", _kth, [Arg(3, 7), 3, 0], dtypes="all"),
    Row("median", _median, [Arg(3, 4), 1], dtypes="wide", id="median-dim"),
    Row("median", lambda x: np.sort(x.reshape(-1))[5], [Arg(3, 4)], dtypes="number"),
    Row("nanmedian", lambda x: np.sort(x.reshape(-1))[13], [A], dtypes="number"),
    Row("mode", _mode, [Arg(3, 9, low=0, high=3), 1], dtypes="int", grad=False),
    Row("mode", _mode, [Arg(9, 3, low=0, high=3), 0], dtypes="int", grad=False, id="mode-0"),
    Row("mode", _mode, [Arg(3, 1), 1], id="mode-grad"),
]
