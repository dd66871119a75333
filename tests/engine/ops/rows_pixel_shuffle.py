"""Moves between channels and space."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row


def pixel_shuffle(x: np.ndarray, r: int) -> np.ndarray:
    n, c, h, w = x.shape
    return (
        x.reshape(n, c // r**2, r, r, h, w)
        .transpose(0, 1, 4, 2, 5, 3)
        .reshape(n, c // r**2, h * r, w * r)
    )


ROWS = [
    Row("pixel_shuffle", pixel_shuffle, [Arg(1, 8, 2, 3), 2], dtypes="all", method=False),
    Row(
        "pixel_unshuffle",
        lambda x, r: x.reshape(1, 2, 2, 2, 3, 2).transpose(0, 1, 3, 5, 2, 4).reshape(1, 8, 2, 3),
        [Arg(1, 2, 4, 6), 2],
        dtypes="all",
        method=False,
    ),
]
