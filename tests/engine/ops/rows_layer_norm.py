"""Layer norm and RMS norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .normalization import affine, normal


def layer_norm(
    x: np.ndarray, shape: list[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> np.ndarray:
    return affine(normal(x, tuple(range(-len(shape), 0)), eps), weight, bias, tuple(shape))


def rms_norm(x: np.ndarray, shape: list[int], weight: Any = None, eps: float = 1e-5) -> np.ndarray:
    axes = tuple(range(-len(shape), 0))
    return affine(x / np.sqrt((x * x).mean(axes, keepdims=True) + eps), weight, None, tuple(shape))


ROWS = [
    Row("layer_norm", layer_norm, [Arg(3, 9), [9]]),
    Row("layer_norm", layer_norm, [Arg(4, 2, 10), [2, 10], Arg(2, 10), Arg(2, 10)], {"eps": 0.1}),
    Row("layer_norm", layer_norm, [Arg(5, 33), [33], None, Arg(33)], id="layer_norm-bias"),
    Row("rms_norm", rms_norm, [Arg(3, 9), [9]], {"eps": 1e-5}),
    Row("rms_norm", rms_norm, [Arg(2, 3, 20), [20], Arg(20)], {"eps": 0.1}),
]
