"""Scans: cumulative sums, products, maxima and minima."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def _last_extreme(best: Any) -> Any:
    """Cumulative extremes and their indices; of equal elements the last one."""

    def call(x: np.ndarray, dim: int) -> Any:
        values = best.accumulate(x, axis=dim)
        positions = np.arange(x.shape[dim]).reshape(
            [-1 if d == dim % x.ndim else 1 for d in range(x.ndim)]
        )
        return values, np.maximum.accumulate(np.where(x == values, positions, -1), axis=dim)

    return call


ROWS = [
    Row("cumsum", np.cumsum, [Arg(3, 4), 1], dtypes="all", empty=True),
    Row("cumsum", np.cumsum, [Arg(3, 4, 2), 0], dtypes="wide", in_place=True, id="cumsum-outer"),
    Row("cumprod", np.cumprod, [Arg(3, 4), 1], dtypes="number"),
    Row(
        "cumprod", np.cumprod, [Arg(3, 4, 2), -2], dtypes="wide", in_place=True, id="cumprod-inner"
    ),
    Row("logcumsumexp", np.logaddexp.accumulate, [Arg(5), 0]),
    Row("cummax", _last_extreme(np.maximum), [Arg(3, 6), 1], dtypes="all"),
    Row("cummin", _last_extreme(np.minimum), [Arg(3, 6), 0], dtypes="all"),
]
