"""Comparisons and predicates."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

A, B = Arg(3, 4), Arg(3, 1)
COMPARISONS = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
}
TESTS = {
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "signbit": lambda x: x < 0,
    "logical_not": np.logical_not,
}

ROWS = [
    *[
        Row(op, f, [A, B], dtypes="all", grad=False, in_place=True, empty=op == "eq")
        for op, f in COMPARISONS.items()
    ],
    *[
        Row(op, f, [A, 1], dtypes="number", grad=False, id=f"{op}-number")
        for op, f in COMPARISONS.items()
    ],
    *[
        Row(op, f, [A], dtypes="all", grad=False, in_place=True, empty=True)
        for op, f in TESTS.items()
    ],
    Row("isposinf", np.isposinf, [A], grad=False, empty=True),
    Row("isneginf", np.isneginf, [A], grad=False, empty=True),
    Row("isreal", np.isreal, [A], dtypes="all", grad=False, empty=True),
    Row("isclose", np.isclose, [A, B, 0.1, 0.3], dtypes="all", grad=False, empty=True),
]
