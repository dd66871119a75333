"""References of normalisations."""

from __future__ import annotations

import numpy as np


def normal(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def affine(
    x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None, shape: tuple[int, ...]
) -> np.ndarray:
    x = x if weight is None else x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def channel(x: np.ndarray) -> tuple[int, ...]:
    return (1, -1, *[1] * (x.ndim - 2))
