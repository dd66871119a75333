"""Sums, means, products, and whether any or all elements are true."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def along(function: Any) -> Any:
    """A NumPy function with PyTorch's names for axis and keepdims."""

    def call(x: np.ndarray, dim: Any = None, keepdim: bool = False) -> Any:
        return function(x, axis=tuple(dim) if isinstance(dim, list) else dim, keepdims=keepdim)

    return call


ROWS = [
    Row("sum", along(np.sum), [Arg(3, 4)], dtypes="all"),
    Row("sum", along(np.sum), [Arg(3, 4, 5), 1], dtypes="all", id="sum-dim"),
    Row(
        "sum",
        along(np.sum),
        [Arg(3, 4, 5), [0, -1]],
        {"keepdim": True},
        dtypes="all",
        empty=True,
        id="sum-dims",
    ),
    Row("sum", along(np.sum), [Arg(40, 300), 0], dtypes="wide", id="sum-columns", grad=False),
    Row("mean", along(np.mean), [Arg(3, 4)]),
    Row("mean", along(np.mean), [Arg(3, 4, 5), [1, 2]], id="mean-dims"),
    Row("mean", along(np.mean), [Arg(3, 4), 0], {"keepdim": True}, id="mean-dim", empty=True),
    Row("prod", along(np.prod), [Arg(2, 3, low=0.5)], dtypes="number"),
    Row("prod", along(np.prod), [Arg(2, 3, 2), 1], id="prod-dim"),
    Row("any", along(np.any), [Arg(3, 2), 1], dtypes="all", grad=False, empty=True),
    Row("all", along(np.all), [Arg(3, 2), 1], dtypes="all", grad=False, empty=True),
    Row("any", along(np.any), [Arg(3, 2)], dtypes="all", grad=False, empty=True, id="any-full"),
    Row("all", along(np.all), [Arg(3, 2)], dtypes="all", grad=False, empty=True, id="all-full"),
]
