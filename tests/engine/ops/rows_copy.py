"""Copies, filling and sums to a size."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row
from .rows_creation import LIKE, A

ROWS = [
    Row("clone", np.copy, [Arg(3, 4)], dtypes="all", empty=True),
    Row("sum_to_size", lambda x, size: x.sum((0, 2), keepdims=True)[0], [Arg(2, 3, 4), (3, 1)]),
    Row("contiguous", np.copy, [Arg(3, 4)], dtypes="all", empty=True),
    Row("zero_", np.zeros_like, [A], **LIKE),
    Row("fill_", np.full_like, [A, 1], **LIKE),
    Row("copy_", lambda x, y: np.broadcast_to(y, x.shape), [A, Arg(4)], dtypes="all", grad=False),
]
