"""Copies in which a part is replaced."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row


def _slice_scatter(x: np.ndarray, src: np.ndarray) -> np.ndarray:
    out = x.copy()
    out[:, 1:4:2] = src
    return out


def _select_scatter(x: np.ndarray, src: np.ndarray, dim: int, index: int) -> np.ndarray:
    out = x.copy()
    out[:, index] = src
    return out


def _diagonal_scatter(x: np.ndarray, src: np.ndarray, offset: int) -> np.ndarray:
    out = x.copy()
    for i, value in enumerate(src):
        out[i, i + offset] = value
    return out


ROWS = [
    Row(
        "slice_scatter",
        lambda x, src, dim, start, end, step: _slice_scatter(x, src),
        [Arg(3, 5), Arg(3, 2), 1, 1, 4, 2],
        dtypes="all",
    ),
    Row("select_scatter", _select_scatter, [Arg(3, 4), Arg(3), 1, 2], dtypes="all"),
    Row("diagonal_scatter", _diagonal_scatter, [Arg(3, 4), Arg(3), 1], dtypes="all"),
]
