"""Activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from .framework import Arg, Row

A = Arg(3, 8, low=-4.5, high=4.5)


def elu(x: Any, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    return scale * np.where(x > 0, x, alpha * np.expm1(input_scale * x))


def gelu(x: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x * special.ndtr(x)


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return np.where(x * beta > threshold, x, np.logaddexp(0, x * beta) / beta)


ROWS = [
    Row("relu", lambda x: np.maximum(x, 0), [A], dtypes="number", in_place=True, empty=True),
    Row("sigmoid", special.expit, [A], in_place=True, empty=True),
    Row(
        "leaky_relu",
        lambda x, slope: np.where(x > 0, x, slope * x),
        [A, 0.2],
        in_place=True,
        empty=True,
    ),
    Row("elu", elu, [A, 1.5], in_place=True, empty=True),
    Row("selu", lambda x: elu(x, 1.6732632423543772, 1.0507009873554805), [A], in_place=True),
    Row("celu", lambda x, alpha: elu(x, alpha, 1.0, 1 / alpha), [A, 2.0], in_place=True),
    Row(
        "celu",
        lambda x, alpha: elu(x, alpha, 1.0, 1 / alpha),
        [A, -2.0],
        in_place=True,
        id="celu-negative",
    ),
    Row("gelu", gelu, [A], empty=True),
    Row("gelu", gelu, [A], {"approximate": "tanh"}, id="gelu-tanh"),
    Row("silu", lambda x: x * special.expit(x), [A], in_place=True, empty=True),
    Row("mish", lambda x: x * np.tanh(softplus(x)), [A], in_place=True, empty=True),
    Row("hardtanh", lambda x, a, b: np.clip(x, a, b), [A, -0.5, 2.0], in_place=True, empty=True),
    Row("hardswish", lambda x: x * np.clip(x + 3, 0, 6) / 6, [A], in_place=True, empty=True),
    Row("hardsigmoid", lambda x: np.clip(x + 3, 0, 6) / 6, [A], in_place=True, empty=True),
    Row("softplus", softplus, [A], in_place=True, empty=True),
    Row(
        "softplus",
        softplus,
        [A, 2.0, 3.0],
        in_place=True,
        tol=(1e-4, 1e-6),
        id="softplus-threshold",
    ),
    Row("prelu", lambda x, w: np.where(x > 0, x, w * x), [A, Arg(8, low=0.1, high=0.9)]),
    Row(
        "prelu",
        lambda x, w: np.where(x > 0, x, w * x),
        [A, Arg(1, low=0.1, high=0.9)],
        id="prelu-one-weight",
    ),
]
