"""Flips, rotations and cyclic shifts."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

ROWS = [
    Row("flip", np.flip, [Arg(2, 3, 4), (0, 2)], dtypes="all", empty=True),
    Row("roll", np.roll, [Arg(3, 4), 5], dtypes="all"),
    Row("roll", np.roll, [Arg(3, 4), (1, -2), (0, 1)], dtypes="all", id="roll-dims"),
    Row("rot90", np.rot90, [Arg(3, 4), 3], dtypes="all"),
    Row("fliplr", np.fliplr, [Arg(2, 3)], dtypes="all", empty=True),
    Row("flipud", np.flipud, [Arg(2, 3)], dtypes="all", empty=True),
]
