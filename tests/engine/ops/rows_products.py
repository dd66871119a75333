"""Products of vectors and matrices other than the matrix product."""

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
]
