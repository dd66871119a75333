"""Variances, norms and other sums of functions of each element."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from .framework import Arg, Row
from .rows_reduce import along


def _spread(function: Any) -> Any:
    def call(x: np.ndarray, dim: Any = None, correction: int = 1, keepdim: bool = False) -> Any:
        return function(x, axis=dim, ddof=correction, keepdims=keepdim)

    return call


def _norm(x: np.ndarray, p: float = 2, dim: Any = None) -> Any:
    return np.linalg.norm(x.reshape(-1) if dim is None else x, ord=p, axis=dim)


ROWS = [
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
    *[
        Row(
            f"{name}_mean",
            lambda x, *given, of=of: (of(x, *given[:-1], ddof=0), np.mean(x, *given[:-1])),
            [Arg(3, 4), *dim, False],
            method=False,
            id=f"{name}_mean-biased-{len(dim)}",
        )
        for name, of in (("var", np.var), ("std", np.std))
        for dim in ([], [1])
    ],
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
    Row("nansum", along(np.nansum), [Arg(3, 4), 1]),
    Row("nanmean", along(np.nanmean), [Arg(3, 4), 1]),
    Row("cov", np.cov, [Arg(3, 4)], tol=(1e-4, 1e-5)),
    Row(
        "cov",
        lambda x, correction: np.cov(x, ddof=correction),
        [Arg(3, 4)],
        {"correction": 2},
        id="cov-correction",
    ),
    Row("corrcoef", np.corrcoef, [Arg(3, 4)], tol=(1e-4, 1e-5)),
]
