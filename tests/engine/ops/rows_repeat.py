"""Repetitions of tensors and of their elements."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

ROWS = [
    Row("repeat", np.tile, [Arg(2, 3), (2, 1, 2)], dtypes="all", empty=True),
    Row("tile", np.tile, [Arg(2, 3), (2,)], dtypes="all"),
    Row("repeat_interleave", np.repeat, [Arg(2, 3), 2, 1], dtypes="all"),
    Row(
        "repeat_interleave",
        np.repeat,
        [Arg(2, 3), Arg(3, low=0, high=3, dtype="int64"), 1],
        dtypes="all",
        id="repeat_interleave-each",
    ),
    Row(
        "repeat_interleave",
        lambda n, output_size: np.repeat(np.arange(len(n)), n)[:output_size],
        [Arg(3, low=2, high=2, dtype="int64")],
        {"output_size": 6},
        grad=False,
        id="repeat_interleave-indices",
    ),
]
