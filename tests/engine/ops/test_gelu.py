"""Precision of gelu in float32, in its left tail too."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

import engine
from engine.nn import functional as F

# Above it the distribution function is a normal number of float32.
SMALLEST_NORMAL = -12.9
POINTS = np.concatenate(
    [
        np.linspace(-20, 20, 400_001),
        np.geomspace(1e-45, 1e38, 2_000),
        -np.geomspace(1e-45, 1e38, 2_000),
        [0.0, -0.0],
    ]
).astype(np.float32)


def units(got: NDArray[np.float32], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """The errors in units of the last place of float32."""
    unit = np.spacing(np.abs(wanted).astype(np.float32)).astype(np.float64)
    return np.asarray(np.abs(got - wanted) / unit)


def density(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-x * x / 2) / np.sqrt(2 * np.pi))


def slope(x: engine.Tensor) -> engine.Tensor:
    x = x.detach().requires_grad_()
    F.gelu(x).sum().backward()
    assert x.grad is not None
    return x.grad


def test_value_is_exact_to_a_few_units_in_the_last_place() -> None:
    got = F.gelu(engine.tensor(POINTS)).numpy()
    x = POINTS.astype(np.float64)
    wanted = x * special.ndtr(x)
    normal = x > SMALLEST_NORMAL
    assert units(got, wanted)[normal].max() < 8
    assert np.abs(got - wanted)[~normal].max() < 1e-42


def test_gradient_is_exact_to_a_few_units_in_the_last_place() -> None:
    got = slope(engine.tensor(POINTS)).numpy()
    x = POINTS.astype(np.float64)
    wanted = special.ndtr(x) + x * density(x)
    normal = x > SMALLEST_NORMAL
    # The error is relative to the larger term, as the two may cancel.
    terms = np.maximum(np.abs(wanted), np.abs(x * density(x)))
    unit = np.spacing(terms.astype(np.float32)).astype(np.float64)
    assert (np.abs(got - wanted) / unit)[normal].max() < 8
    assert np.abs(got - wanted)[~normal].max() < 1e-42


def test_infinity_and_nan() -> None:
    x = engine.tensor([np.inf, np.nan, 3e38, -3e38])
    np.testing.assert_array_equal(F.gelu(x).numpy(), [np.inf, np.nan, np.float32(3e38), 0])
    np.testing.assert_array_equal(slope(x).numpy()[1:], [np.nan, 1, 0])


@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16, 17, 31, 33, 63, 65, 1000])
def test_sizes_around_a_vector(size: int) -> None:
    x = np.random.default_rng(size).normal(size=3 * size + 1).astype(np.float32)
    for part in (x[:size], x[1 : size + 1], x[: 3 * size : 3]):
        wanted = part.astype(np.float64) * special.ndtr(part.astype(np.float64))
        got = F.gelu(engine.from_numpy(part)).numpy()
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
