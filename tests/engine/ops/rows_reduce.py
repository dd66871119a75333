"""Reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from .framework import Arg, Row


def _along(function: Any) -> Any:
    """A NumPy function with PyTorch's names for axis and keepdims."""

    def call(x: np.ndarray, dim: Any = None, keepdim: bool = False) -> Any:
        return function(x, axis=tuple(dim) if isinstance(dim, list) else dim, keepdims=keepdim)

    return call


def _with_index(values: Any, index: Any) -> Any:
    def call(x: np.ndarray, dim: int, keepdim: bool = False) -> Any:
        return values(x, axis=dim, keepdims=keepdim), index(x, axis=dim, keepdims=keepdim)

    return call


def _spread(function: Any) -> Any:
    def call(x: np.ndarray, dim: Any = None, correction: int = 1, keepdim: bool = False) -> Any:
        return function(x, axis=dim, ddof=correction, keepdims=keepdim)

    return call


def _norm(x: np.ndarray, p: float = 2, dim: Any = None) -> Any:
    return np.linalg.norm(x.reshape(-1) if dim is None else x, ord=p, axis=dim)


def _median(x: np.ndarray, dim: int) -> Any:
    k = (x.shape[dim] - 1) // 2
    return np.sort(x, axis=dim).take(k, axis=dim), np.argsort(x, axis=dim, kind="stable").take(
        k, axis=dim
    )


ROWS = [
    Row("sum", _along(np.sum), [Arg(3, 4)], dtypes="all"),
    Row("sum", _along(np.sum), [Arg(3, 4, 5), 1], dtypes="all", id="sum-dim"),
    Row(
        "sum",
        _along(np.sum),
        [Arg(3, 4, 5), [0, -1]],
        {"keepdim": True},
        dtypes="all",
        empty=True,
        id="sum-dims",
    ),
    Row("sum", _along(np.sum), [Arg(40, 300), 0], dtypes="wide", id="sum-columns", grad=False),
    Row("mean", _along(np.mean), [Arg(3, 4)]),
    Row("mean", _along(np.mean), [Arg(3, 4, 5), [1, 2]], id="mean-dims"),
    Row("mean", _along(np.mean), [Arg(3, 4), 0], {"keepdim": True}, id="mean-dim", empty=True),
    Row("prod", _along(np.prod), [Arg(2, 3, low=0.5)], dtypes="number"),
    Row("prod", _along(np.prod), [Arg(2, 3, 2), 1], id="prod-dim"),
    Row("amax", _along(np.max), [Arg(3, 4, 5), [0, 2]], dtypes="wide"),
    Row("amin", _along(np.min), [Arg(3, 4, 5), 1], {"keepdim": True}, dtypes="wide"),
    Row("amax", _along(np.max), [Arg(300, 40), 0], dtypes="all", id="amax-columns", grad=False),
    Row("max", _along(np.max), [Arg(3, 4)]),
    Row("min", _along(np.min), [Arg(3, 4)]),
    Row("max", _with_index(np.max, np.argmax), [Arg(3, 4, 5), 1], dtypes="wide", id="max-dim"),
    Row("min", _with_index(np.min, np.argmin), [Arg(3, 4), -1, True], dtypes="all", id="min-dim"),
    Row("max", np.maximum, [Arg(3, 4), Arg(4)], dtypes="wide", id="max-other"),
    Row("min", np.minimum, [Arg(3, 4), Arg(4)], dtypes="wide", id="min-other"),
    Row("aminmax", lambda x: (x.min(), x.max()), [Arg(3, 4)]),
    Row("argmax", _along(np.argmax), [Arg(3, 40)], dtypes="all", grad=False),
    Row(
        "argmax",
        _along(np.argmax),
        [Arg(3, 40, 5), 1],
        dtypes="all",
        grad=False,
        id="argmax-columns",
    ),
    Row("argmin", _along(np.argmin), [Arg(3, 40), -1, True], dtypes="all", grad=False),
    Row("any", _along(np.any), [Arg(3, 2), 1], dtypes="all", grad=False, empty=True),
    Row("all", _along(np.all), [Arg(3, 2), 1], dtypes="all", grad=False, empty=True),
    Row("any", _along(np.any), [Arg(3, 2)], dtypes="all", grad=False, empty=True, id="any-full"),
    Row("all", _along(np.all), [Arg(3, 2)], dtypes="all", grad=False, empty=True, id="all-full"),
    Row("var", _spread(np.var), [Arg(3, 4)]),
    Row("var", _spread(np.var), [Arg(3, 4), 1], {"correction": 0, "keepdim": True}, id="var-dim"),
    Row("std", _spread(np.std), [Arg(3, 4), 0], id="std-dim"),
    Row("std", lambda x, unbiased: np.std(x), [Arg(3, 4), False], id="std-biased"),
    Row(
        "var_mean",
        lambda x, dim: (np.var(x, dim, ddof=1), np.mean(x, dim)),
        [Arg(3, 4), 1],
        method=False,
    ),
    Row(
        "std_mean",
        lambda x, dim: (np.std(x, dim, ddof=1), np.mean(x, dim)),
        [Arg(3, 4), 1],
        method=False,
    ),
    Row("norm", _norm, [Arg(3, 4)]),
    Row("norm", lambda x, p: np.linalg.norm(x), [Arg(3, 4), "fro"], id="norm-fro"),
    *[
        Row(
            "linalg_vector_norm",
            _norm,
            [Arg(3, 4), p, 1],
            dtypes="wide",
            id=f"vector_norm-{p}",
            grad=p != 0,
        )
        for p in (0, 1, 2, 3, 0.5, float("inf"), float("-inf"))
    ],
    Row(
        "logsumexp", lambda x, dim: special.logsumexp(x, axis=dim), [Arg(3, 4, low=-50, high=50), 1]
    ),
    Row(
        "count_nonzero",
        lambda x, dim: np.count_nonzero(x, axis=dim),
        [Arg(3, 4), 1],
        dtypes="all",
        grad=False,
    ),
    Row("nansum", _along(np.nansum), [Arg(3, 4), 1]),
    Row("nanmean", _along(np.nanmean), [Arg(3, 4), 1]),
    Row("median", _median, [Arg(3, 4), 1], dtypes="wide", id="median-dim"),
    Row("median", lambda x: np.sort(x.reshape(-1))[5], [Arg(3, 4)], dtypes="number"),
]
