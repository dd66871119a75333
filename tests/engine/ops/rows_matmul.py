"""Matrix products, and linear layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    return x @ weight.T + (0 if bias is None else bias)


def added(c: np.ndarray, a: np.ndarray, b: np.ndarray, *, beta: float = 1, alpha: float = 1) -> Any:
    return beta * c + alpha * (a @ b)


def product(a: Arg, b: Arg, op: str = "matmul", **options: Any) -> Row:
    return Row(op, np.matmul, [a, b], dtypes="number", tol=(1e-4, 1e-5), **options)


SCALED = {"beta": 2, "alpha": 3}

ROWS = [
    product(Arg(3, 4), Arg(4, 5)),
    product(Arg(0, 4), Arg(4, 5), grad=False, layout=False),
    product(Arg(3, 0), Arg(0, 5), grad=False, layout=False),
    product(Arg(4), Arg(4)),
    product(Arg(3, 4), Arg(4)),
    product(Arg(4), Arg(4, 3)),
    product(Arg(2, 3, 4), Arg(4, 5)),
    product(Arg(2, 3, 4), Arg(4)),
    product(Arg(4), Arg(2, 4, 3)),
    product(Arg(3, 4), Arg(2, 4, 5)),
    product(Arg(2, 1, 3, 4), Arg(3, 4, 2)),
    product(Arg(70, 65), Arg(65, 130), grad=False),
    product(Arg(3, 300), Arg(300, 40), grad=False),
    product(Arg(3, 4), Arg(4, 5), "mm"),
    product(Arg(2, 3, 4), Arg(2, 4, 5), "bmm"),
    product(Arg(3, 4), Arg(4), "mv"),
    product(Arg(4), Arg(4), "dot"),
    Row("inner", np.inner, [Arg(2, 3), Arg(4, 3)], dtypes="number", tol=(1e-4, 1e-5)),
    Row("outer", np.outer, [Arg(2), Arg(3)], dtypes="number"),
    Row("ger", np.outer, [Arg(2), Arg(3)], dtypes="number"),
    Row("linear", linear, [Arg(2, 3, 4), Arg(5, 4), Arg(5)], method=False, tol=(1e-4, 1e-5)),
    Row("linear", linear, [Arg(9, 6), Arg(5, 6)], method=False, tol=(1e-4, 1e-5)),
    Row("linear", linear, [Arg(4), Arg(5, 4), Arg(5)], method=False, tol=(1e-4, 1e-5)),
    Row("addmm", added, [Arg(5), Arg(3, 4), Arg(4, 5)], tol=(1e-4, 1e-5)),
    Row("addmm", added, [Arg(3, 5), Arg(3, 4), Arg(4, 5)], SCALED, tol=(1e-4, 1e-5), in_place=True),
    Row("addmv", added, [Arg(3), Arg(3, 4), Arg(4)], SCALED, tol=(1e-4, 1e-5), in_place=True),
    Row(
        "baddbmm",
        added,
        [Arg(2, 3, 5), Arg(2, 3, 4), Arg(2, 4, 5)],
        SCALED,
        tol=(1e-4, 1e-5),
        in_place=True,
    ),
]
