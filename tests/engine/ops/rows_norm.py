"""Normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def normal(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def affine(
    x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None, shape: tuple[int, ...]
) -> np.ndarray:
    x = x if weight is None else x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def layer_norm(
    x: np.ndarray, shape: list[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> np.ndarray:
    return affine(normal(x, tuple(range(-len(shape), 0)), eps), weight, bias, tuple(shape))


def rms_norm(x: np.ndarray, shape: list[int], weight: Any = None, eps: float = 1e-5) -> np.ndarray:
    axes = tuple(range(-len(shape), 0))
    return affine(x / np.sqrt((x * x).mean(axes, keepdims=True) + eps), weight, None, tuple(shape))


def channel(x: np.ndarray) -> tuple[int, ...]:
    return (1, -1, *[1] * (x.ndim - 2))


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
POSITIVE = Arg(6, low=0.5, high=2)
TRAINING = {"training": True}

ROWS = [
    Row("layer_norm", layer_norm, [Arg(3, 9), [9]]),
    Row("layer_norm", layer_norm, [Arg(4, 2, 10), [2, 10], Arg(2, 10), Arg(2, 10)], {"eps": 0.1}),
    Row("layer_norm", layer_norm, [Arg(5, 33), [33], None, Arg(33)], id="layer_norm-bias"),
    Row("rms_norm", rms_norm, [Arg(3, 9), [9]], {"eps": 1e-5}),
    Row("rms_norm", rms_norm, [Arg(2, 3, 20), [20], Arg(20)], {"eps": 0.1}),
    Row("batch_norm", batch_norm, [Arg(5, 6), None, None, CHANNELS, CHANNELS], TRAINING),
    Row("batch_norm", batch_norm, [Arg(2, 6, 3, 4), None, None, CHANNELS, CHANNELS], TRAINING),
    Row("batch_norm", batch_norm, [Arg(3, 6, 5), None, None], TRAINING),
    Row(
        "batch_norm",
        batch_norm,
        [Arg(2, 6, 3, 4), CHANNELS, POSITIVE, CHANNELS, CHANNELS],
        grad=False,
    ),
    Row("group_norm", group_norm, [Arg(2, 6, 3, 4), 3, CHANNELS, CHANNELS]),
    Row("group_norm", group_norm, [Arg(4, 6), 2]),
    Row("instance_norm", instance_norm, [Arg(2, 6, 3, 4), None, None, CHANNELS, CHANNELS]),
]
