"""Softmax and log-softmax."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row


def softmax(x: np.ndarray, dim: int) -> np.ndarray:
    if x.size == 0:
        return x
    powers = np.exp(x - x.max(dim, keepdims=True))
    return powers / powers.sum(dim, keepdims=True)


def log_softmax(x: np.ndarray, dim: int) -> np.ndarray:
    return np.log(softmax(x, dim))


ROWS = [
    Row(name, reference, [Arg(*shape), dim], empty=True)
    for name, reference in (("softmax", softmax), ("log_softmax", log_softmax))
    for shape, dim in (((3, 7), -1), ((3, 5, 4), 1), ((2, 3, 70), 0), ((2, 37), 1))
]
