"""Batch norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .normalization import affine, channel, normal


def batch_norm(
    x: np.ndarray,
    mean: Any,
    var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    eps: float = 1e-5,
) -> np.ndarray:
    if training:
        return affine(normal(x, (0, *range(2, x.ndim)), eps), weight, bias, channel(x))
    centred = x - mean.reshape(channel(x))
    return affine(centred / np.sqrt(var.reshape(channel(x)) + eps), weight, bias, channel(x))


CHANNELS = Arg(6)
POSITIVE = Arg(6, low=0.5, high=2)
TRAINING = {"training": True}

ROWS = [
    Row("batch_norm", batch_norm, [Arg(5, 6), None, None, CHANNELS, CHANNELS], TRAINING),
    Row("batch_norm", batch_norm, [Arg(2, 6, 3, 4), None, None, CHANNELS, CHANNELS], TRAINING),
    Row("batch_norm", batch_norm, [Arg(3, 6, 5), None, None], TRAINING),
    Row(
        "batch_norm",
        batch_norm,
        [Arg(2, 6, 3, 4), CHANNELS, POSITIVE, CHANNELS, CHANNELS],
        grad=False,
    ),
]
