"""Counts of elements."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

ROWS = [
    Row("bincount", np.bincount, [Arg(20, low=0, high=6, dtype="int64")], grad=False, dtypes="int"),
    Row(
        "histc",
        lambda x, bins, low, high: np.histogram(x, bins, (low, high))[0],
        [Arg(30), 5, -1.0, 2.0],
        grad=False,
    ),
]
