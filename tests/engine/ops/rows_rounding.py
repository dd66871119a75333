"""Rounding, and nan_to_num."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

A = Arg(3, 4, low=-9, high=9)

ROWS = [
    Row("floor", np.floor, [A], dtypes="number", gradgrad=False, in_place=True, empty=True),
    Row("ceil", np.ceil, [A], dtypes="number", gradgrad=False, in_place=True, empty=True),
    Row("trunc", np.trunc, [A], dtypes="number", gradgrad=False, in_place=True, empty=True),
    Row("fix", np.trunc, [A], dtypes="number", gradgrad=False, in_place=True),
    Row("round", np.round, [A], dtypes="number", gradgrad=False, in_place=True, empty=True),
    Row(
        "round",
        np.round,
        [A],
        {"decimals": 2},
        dtypes="wide",
        grad=False,
        in_place=True,
        id="round-2",
    ),
    Row(
        "round",
        np.round,
        [Arg(3, 4, low=-99, high=99)],
        {"decimals": -1},
        dtypes="wide",
        gradgrad=False,
        id="round--1",
    ),
    Row("frac", lambda x: x - np.trunc(x), [A], in_place=True, empty=True),
    Row("nan_to_num", np.nan_to_num, [A], dtypes="number", in_place=True, empty=True),
]
