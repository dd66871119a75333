"""Products of vectors and matrices, differences, covariances."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

A, SQUARE = Arg(3, 4), Arg(3, 3)


def _addr(x: np.ndarray, a: np.ndarray, b: np.ndarray, beta: float, alpha: float) -> np.ndarray:
    return beta * x + alpha * np.outer(a, b)


def _addbmm(x: np.ndarray, a: np.ndarray, b: np.ndarray, beta: float, alpha: float) -> np.ndarray:
    return beta * x + alpha * (a @ b).sum(0)


ROWS = [
    Row("cross", np.cross, [Arg(4, 3), Arg(4, 3)], {"dim": -1}, reference_kwargs={}),
    Row("cross", lambda x, y: np.cross(x, y, axis=0), [A, A], id="cross-first"),
    Row("kron", np.kron, [Arg(2, 3), Arg(4, 2)]),
    Row("kron", np.kron, [Arg(3), Arg(2, 2)]),
    Row("vdot", np.vdot, [Arg(3), Arg(3)]),
    Row("trace", np.trace, [Arg(3, 4)], dtypes="number"),
    Row("addr", _addr, [A, Arg(3), Arg(4)], {"beta": 0.5, "alpha": 2}, in_place=True),
    Row(
        "addbmm",
        _addbmm,
        [A, Arg(2, 3, 5), Arg(2, 5, 4)],
        {"beta": 2, "alpha": 0.5},
        in_place=True,
    ),
    Row("matrix_power", np.linalg.matrix_power, [SQUARE, 5], dtypes="wide"),
    Row("matrix_power", np.linalg.matrix_power, [SQUARE, 0], id="matrix_power-0"),
    Row("diff", np.diff, [A], dtypes="all"),
    Row("diff", np.diff, [A, 2, 0], id="diff-2"),
    Row("diff", lambda x, n, dim, before: x, [A, 0, -1, Arg(3, 2)], id="diff-0"),
    Row(
        "diff",
        lambda x, n, dim, before: np.diff(x, prepend=before),
        [A, 1, -1, Arg(3, 2)],
        id="diff-prepend",
    ),
    Row("trapz", lambda y: ((y[:, 1:] + y[:, :-1]) / 2).sum(1), [A], method=False),
    Row("trapezoid", lambda y: ((y[:, 1:] + y[:, :-1]) / 2).sum(1), [A], method=False),
    Row(
        "trapezoid",
        lambda y, x: ((y[:, 1:] + y[:, :-1]) * np.diff(x) / 2).sum(1),
        [A, Arg(4)],
        method=False,
        id="trapezoid-x",
    ),
    Row(
        "cumulative_trapezoid",
        lambda y, dx: ((y[:, 1:] + y[:, :-1]) * dx / 2).cumsum(1),
        [A],
        {"dx": 0.5},
        method=False,
    ),
    Row("cov", np.cov, [A], tol=(1e-4, 1e-5)),
    Row("cov", lambda x, correction: np.cov(x, ddof=correction), [A], {"correction": 2}, id="2"),
    Row("corrcoef", np.corrcoef, [A], tol=(1e-4, 1e-5)),
]
