"""Convolutions and their transposes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .sliding import convolve, convolve_transposed, per_dim, windows


def conv(name: str, x: Arg, weight: Arg, *rest: Any, id: str) -> Row:
    reference = convolve_transposed if "transpose" in name else convolve
    args = [x, weight, *rest]
    return Row(name, reference, args, method=False, tol=(1e-4, 1e-4), id=f"{name}-{id}")


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
    conv("conv1d", Arg(2, 3, 7), Arg(4, 3, 3), Arg(4), 2, 1, id="strided"),
    conv("conv2d", Arg(2, 3, 5, 6), Arg(4, 3, 3, 2), id="plain"),
    conv("conv2d", Arg(2, 4, 6, 5), Arg(6, 2, 3, 3), Arg(6), 2, 1, 1, 2, id="groups"),
    conv("conv2d", Arg(1, 3, 5, 5), Arg(6, 1, 3, 3), Arg(6), 1, 1, 1, 3, id="depthwise"),
    conv("conv2d", Arg(2, 3, 4, 4), Arg(5, 3, 1, 1), Arg(5), id="pointwise"),
    conv("conv2d", Arg(1, 2, 7, 8), Arg(2, 2, 3, 2), None, (2, 1), (1, 2), (2, 3), id="dilated"),
    conv("conv2d", Arg(1, 2, 4, 5), Arg(3, 2, 2, 3), None, 1, "same", id="same"),
    conv("conv2d", Arg(1, 2, 4, 5), Arg(3, 2, 2, 3), None, 1, "valid", id="valid"),
    conv("conv3d", Arg(1, 2, 3, 4, 4), Arg(3, 2, 2, 3, 2), Arg(3), (1, 2, 1), 1, id="strided"),
    conv("conv_transpose1d", Arg(2, 3, 4), Arg(3, 2, 3), Arg(2), 2, 1, 1, id="strided"),
    conv("conv_transpose2d", Arg(2, 3, 3, 4), Arg(3, 2, 3, 2), id="plain"),
    conv("conv_transpose2d", Arg(1, 4, 3, 3), Arg(4, 2, 3, 3), Arg(4), 2, 1, 1, 2, id="groups"),
    conv("conv_transpose2d", Arg(1, 2, 3, 3), Arg(2, 2, 2, 2), None, 2, 1, 0, 1, 2, id="dilated"),
    conv("conv_transpose3d", Arg(1, 2, 2, 3, 2), Arg(2, 2, 2, 2, 3), Arg(2), 2, id="strided"),
    Row("im2col", im2col, [Arg(2, 3, 4, 5), (2, 3), (2, 1), (1, 0), (1, 2)], dtypes="number"),
    Row("col2im", col2im, [Arg(2, 12, 6), (3, 4), 2, 1, 0, 1]),
]
