"""Reference implementations in plain NumPy and float64."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import engine

Array = np.ndarray[Any, Any]


def tensor(array: Array, requires_grad: bool = False) -> Any:
    return engine.from_numpy(np.array(array)).requires_grad_(requires_grad)


def array(tensor: Any) -> Array:
    return tensor.detach().numpy()


def draw(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def close(got: Any, wanted: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(array(got), wanted, rtol=tolerance, atol=tolerance)


def double(module: Any) -> Any:
    """The module in float64 with random values in all its parameters."""
    module.double()
    for number, parameter in enumerate(module.parameters()):
        parameter.data = tensor(draw(*parameter.shape, seed=100 + number) * 0.5)
    return module


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def conv(
    x: Array, weight: Array, bias: Array, stride: int, padding: int, dilation: int, groups: int
) -> Array:
    """Convolution of any number of dimensions, from its definition."""
    n = weight.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * n)
    out_sizes = [
        (size - dilation * (k - 1) - 1) // stride + 1
        for size, k in zip(x.shape[2:], weight.shape[2:], strict=True)
    ]
    out = np.zeros((x.shape[0], weight.shape[0], *out_sizes))
    per_group = weight.shape[0] // groups
    for channel in range(weight.shape[0]):
        first = channel // per_group * weight.shape[1]
        group = x[:, first : first + weight.shape[1]]
        for at in itertools.product(*map(range, out_sizes)):
            window = tuple(
                slice(i * stride, i * stride + dilation * (k - 1) + 1, dilation)
                for i, k in zip(at, weight.shape[2:], strict=True)
            )
            patch = group[(slice(None), slice(None), *window)]
            out[(slice(None), channel, *at)] = (patch * weight[channel]).sum(tuple(range(1, n + 2)))
    return out + bias.reshape(1, -1, *[1] * n)
