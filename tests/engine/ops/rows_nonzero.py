"""Elements that are not zero: their positions and their number."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

ROWS = [
    Row("nonzero", lambda x: np.argwhere(x), [Arg(3, 4)], dtypes="all", grad=False, empty=True),
    Row("argwhere", lambda x: np.argwhere(x), [Arg(3, 4)], dtypes="all", grad=False),
    Row(
        "count_nonzero",
        lambda x, dim: np.count_nonzero(x, axis=dim),
        [Arg(3, 4), 1],
        dtypes="all",
        grad=False,
    ),
]
