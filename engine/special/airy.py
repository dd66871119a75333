"""Airy's function, by three integrals and series in float64.

Source: Olver et al., "NIST Handbook of Mathematical Functions" (2010), chapter 9.
"""

from __future__ import annotations

import math
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._creation import as_tensor
from engine._lazy import numpy as np
from engine.autograd.function import Function


def _decaying(x: Any) -> Any:
    """For x >= 1: the integral of the Bessel function K_1/3 (9.6.2), by the trapezoidal rule."""
    zeta = 2 / 3 * x * np.sqrt(x)
    step, total = 0.18 / np.sqrt(zeta), 0.5
    for k in range(1, 50):
        t = k * step
        total = total + np.exp(-2 * zeta * np.sinh(t / 2) ** 2) * np.cosh(t / 3)
    return np.sqrt(x / 3) / math.pi * np.exp(-zeta) * (step * total)


def _between(x: Any) -> Any:
    """Between -9 and 1: the integral 9.5.6 along a ray at 30 degrees, by Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    ray, length, total = np.exp(1j * math.pi / 6), 8.0, 0.0
    for node, weight in zip(nodes, weights, strict=True):
        s = length * (node + 1) / 2
        total = total + weight * np.exp(1j * x * (ray * s) - s**3 / 3)
    return (ray * total).real * (length / 2) / math.pi


def _oscillating(x: Any) -> Any:
    """Below -9: the asymptotic expansion 9.7.9."""
    zeta = 2 / 3 * -x * np.sqrt(-x)
    even, odd, term = 0.0, 0.0, np.ones_like(zeta)
    for k in range(1, 26):
        sign = 1 - (k - 1) // 2 % 2 * 2
        even, odd = (even + sign * term, odd) if k % 2 else (even, odd + sign * term)
        term = term * ((6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216 * k * (2 * k - 1))) / zeta
    angle = zeta - math.pi / 4
    return (np.cos(angle) * even + np.sin(angle) * odd) / np.sqrt(math.pi * np.sqrt(-x))


def _airy(x: Any) -> Any:
    result = np.full(x.shape, np.nan)
    for chosen, function in (
        (x >= 1, _decaying),
        ((x > -9) & (x < 1), _between),
        (x <= -9, _oscillating),
    ):
        result[chosen] = function(x[chosen])
    return np.where(np.isinf(x), 0.0, result)


class _Airy(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        with np.errstate(all="ignore"):
            values = _airy(x.detach().double().numpy())
        return _C.from_numpy(values).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        raise NotImplementedError("special.airy_ai: there is no gradient")


def airy_ai(input: Tensor) -> Tensor:
    """Airy's function Ai, the bounded solution of ``y'' = x y``.

    There is no gradient.

    >>> import engine
    >>> engine.special.airy_ai(engine.tensor([0.0, 1.0]))
    tensor([0.3550, 0.1353])
    """
    x = as_tensor(input)
    return _Airy.apply(x if x.dtype.is_floating_point else x.to(_C.get_default_dtype()))
