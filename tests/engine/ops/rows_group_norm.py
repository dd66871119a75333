"""Group norm and instance norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .normalization import affine, channel, normal


def group_norm(
    x: np.ndarray, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> np.ndarray:
    rows = normal(x.reshape(len(x), groups, -1), (2,), eps)
    return affine(rows.reshape(x.shape), weight, bias, channel(x))


def instance_norm(
    x: np.ndarray, mean: None, var: None, weight: Any = None, bias: Any = None
) -> np.ndarray:
    return group_norm(x, x.shape[1], weight, bias)


CHANNELS = Arg(6)

ROWS = [
    Row("group_norm", group_norm, [Arg(2, 6, 3, 4), 3, CHANNELS, CHANNELS]),
    Row("group_norm", group_norm, [Arg(4, 6), 2]),
    Row("instance_norm", instance_norm, [Arg(2, 6, 3, 4), None, None, CHANNELS, CHANNELS]),
]
