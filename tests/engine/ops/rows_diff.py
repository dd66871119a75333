"""Differences of neighbours and integrals by trapezoids."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

A = Arg(3, 4)

ROWS = [
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
]
