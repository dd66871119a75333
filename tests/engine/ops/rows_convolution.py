"""Convolutions and their transposes."""

from __future__ import annotations

from typing import Any

from .framework import Arg, Row
from .sliding_windows import convolve, convolve_transposed


def conv(name: str, x: Arg, weight: Arg, *rest: Any, id: str) -> Row:
    reference = convolve_transposed if "transpose" in name else convolve
    args = [x, weight, *rest]
    return Row(name, reference, args, method=False, tol=(1e-4, 1e-4), id=f"{name}-{id}")


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
]
