"""Views that rearrange dimensions, diagonals and windows."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row


def _windows(x: np.ndarray, dim: int, size: int, step: int) -> np.ndarray:
    views = np.lib.stride_tricks.sliding_window_view(x, size, axis=dim)
    return views[(slice(None),) * dim + (slice(None, None, step),)]


ROWS = [
    Row("t", np.transpose, [Arg(3, 4)], dtypes="all"),
    Row("movedim", np.moveaxis, [Arg(2, 3, 4), (0, 1), (2, 0)], dtypes="all"),
    Row("moveaxis", lambda x, *dims: x, [Arg(), 0, -1], dtypes="all", id="moveaxis-0d"),
    Row("moveaxis", np.moveaxis, [Arg(2, 3, 4), 0, -1], dtypes="all"),
    Row("swapdims", np.swapaxes, [Arg(2, 3, 4), 1, -1], dtypes="all"),
    Row("swapaxes", np.swapaxes, [Arg(2, 3, 4), 0, 2], dtypes="all"),
    Row("broadcast_to", np.broadcast_to, [Arg(3, 1), (2, 3, 4)], dtypes="all"),
    Row("unflatten", lambda x, d, s: x.reshape(2, 3, 4), [Arg(2, 12), 1, (3, -1)], dtypes="all"),
    Row("unfold", _windows, [Arg(3, 7), 1, 3, 2], dtypes="all"),
    Row("diagonal", np.diagonal, [Arg(3, 4, 5), 1, 0, 2], dtypes="all"),
    Row("diag", np.diag, [Arg(3), -1], dtypes="all"),
    Row("diag", np.diag, [Arg(3, 4)], dtypes="all", id="diag-matrix"),
    Row(
        "diag_embed", lambda x: x[:, :, None] * np.eye(3, dtype=x.dtype), [Arg(2, 3)], dtypes="all"
    ),
    Row("view_as", lambda x, y: x.reshape(y.shape), [Arg(4, 6), Arg(8, 3)], layout=False),
    Row("reshape_as", lambda x, y: x.reshape(y.shape), [Arg(4, 6), Arg(8, 3)]),
    Row("expand_as", lambda x, y: np.broadcast_to(x, y.shape), [Arg(3, 1), Arg(2, 3, 4)]),
]
