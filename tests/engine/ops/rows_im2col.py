"""Windows of an image as columns of a matrix, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .sliding_windows import per_dim, windows


def im2col(x: np.ndarray, kernel: Any, dilation: Any, padding: Any, stride: Any) -> np.ndarray:
    patches = windows(x, per_dim(kernel, 2), stride, padding, dilation, 0.0)
    n, _, h, w = patches.shape[:4]
    return patches.transpose(0, 1, 4, 5, 2, 3).reshape(n, -1, h * w)


def col2im(
    columns: np.ndarray, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> np.ndarray:
    """The transpose of im2col, computed from its matrix."""
    channels = columns.shape[1] // int(np.prod(per_dim(kernel, 2)))
    pixels = channels * size[0] * size[1]
    basis = np.eye(pixels).reshape(pixels, channels, *size)
    matrix = im2col(basis, kernel, dilation, padding, stride).reshape(pixels, -1)
    return (columns.reshape(len(columns), -1) @ matrix.T).reshape(-1, channels, *size)


ROWS = [
    Row("im2col", im2col, [Arg(2, 3, 4, 5), (2, 3), (2, 1), (1, 0), (1, 2)], dtypes="number"),
    Row("col2im", col2im, [Arg(2, 12, 6), (3, 4), 2, 1, 0, 1]),
]
