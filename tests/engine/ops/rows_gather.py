"""One index per element along a dimension: reading."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row
from .rows_indexing import any_index, from_start

ROWS = [
    Row(
        "gather",
        lambda x, d, i: np.take_along_axis(x, i, d),
        [Arg(4, 5), 1, from_start(4, 3, below=5)],
        dtypes="all",
    ),
    Row(
        "take_along_dim",
        np.take_along_axis,
        [Arg(4, 5), any_index(1, 3, below=5), 1],
        dtypes="all",
    ),
]
