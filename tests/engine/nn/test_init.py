"""Initializers: distributions, and exact values of the deterministic ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine.nn import init
from tests.engine.nn.reference import array

SHAPE = (200, 50, 2)  # fan in 100, fan out 400


def filled(fill: Callable[..., Any], *args: Any, **options: Any) -> Any:
    engine.manual_seed(0)
    weight = engine.empty(SHAPE, requires_grad=True)
    assert fill(weight, *args, **options) is weight
    assert weight.requires_grad and weight.is_leaf
    return array(weight).astype(np.float64)


@pytest.mark.parametrize(
    ("fill", "options", "std"),
    [
        (init.xavier_uniform_, {"gain": 2.0}, 2 * math.sqrt(2 / 500)),
        (init.kaiming_uniform_, {}, math.sqrt(2 / 100)),
        (init.kaiming_uniform_, {"a": math.sqrt(5)}, math.sqrt(1 / 300)),
        (init.uniform_, {"a": -3.0, "b": 3.0}, math.sqrt(3)),
    ],
)
def test_uniform(fill: Callable[..., Any], options: dict[str, float], std: float) -> None:
    values = filled(fill, **options)
    assert abs(values.mean()) < 0.03 * std
    assert abs(values.std() / std - 1) < 0.02
    assert 0.99 * math.sqrt(3) * std < np.abs(values).max() <= math.sqrt(3) * std * (1 + 1e-6)


@pytest.mark.parametrize(
    ("fill", "options", "mean", "std"),
    [
        (init.normal_, {"mean": 2.0, "std": 0.5}, 2.0, 0.5),
        (init.xavier_normal_, {}, 0.0, math.sqrt(2 / 500)),
        (init.kaiming_normal_, {"mode": "fan_out"}, 0.0, math.sqrt(1 / 200)),
        (init.kaiming_normal_, {"nonlinearity": "linear"}, 0.0, 0.1),
    ],
)
def test_normal(fill: Callable[..., Any], options: dict[str, Any], mean: float, std: float) -> None:
    values = filled(fill, **options)
    assert abs(values.mean() - mean) < 0.03 * std
    assert abs(values.std() / std - 1) < 0.02
    assert np.abs(values - mean).max() > 3 * std


def test_truncated_normal() -> None:
    values = filled(init.trunc_normal_, mean=0.5, std=1.0, a=-0.5, b=1.5)
    assert values.min() >= -0.5 and values.max() <= 1.5
    # Truncated at one standard deviation on both sides the variance is 0.2912.
    assert abs(values.mean() - 0.5) < 0.02 and abs(values.var() - 0.2912) < 0.01


def test_constants() -> None:
    weight = engine.empty(2, 3)
    assert init.ones_(weight).tolist() == [[1.0] * 3] * 2
    assert init.zeros_(weight).tolist() == [[0.0] * 3] * 2
    assert init.constant_(weight, 2.5).tolist() == [[2.5] * 3] * 2
    assert init.eye_(weight).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_dirac_passes_channels_through() -> None:
    weight = init.dirac_(engine.empty(4, 2, 3, 3), groups=2)
    x = engine.randn(1, 4, 5, 5)
    out = engine.nn.functional.conv2d(x, weight, padding=1, groups=2)
    assert engine.equal(out, x)
    with pytest.raises(ValueError, match="5 output channels are no multiple of groups 2"):
        init.dirac_(engine.empty(5, 2, 3), groups=2)


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (4, 2, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    engine.manual_seed(1)
    weight = array(init.orthogonal_(engine.empty(shape, dtype=engine.float64), gain=2.0))
    matrix = weight.reshape(shape[0], -1)
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_sparse() -> None:
    weight = array(init.sparse_(engine.empty(10, 6), sparsity=0.25, std=0.1))
    assert ((weight == 0).sum(0) == 3).all()


def test_generators_decide() -> None:
    def values(seed: int) -> Any:
        generator = engine.Generator()
        generator.manual_seed(seed)
        return init.kaiming_uniform_(engine.empty(3, 4), generator=generator).tolist()

    assert values(1) == values(1) != values(2)


def test_gains() -> None:
    assert init.calculate_gain("conv2d") == 1
    assert init.calculate_gain("leaky_relu", 1.0) == 1
    assert init.calculate_gain("tanh") == 5 / 3
    with pytest.raises(ValueError, match="unknown nonlinearity 'swish'"):
        init.calculate_gain("swish")


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"2 dimensions or more, got \(3,\)"):
        init.xavier_uniform_(engine.empty(3))
    with pytest.raises(ValueError, match="mode must be 'fan_in' or 'fan_out', got 'fan'"):
        init.kaiming_normal_(engine.empty(3, 4), mode="fan")
    with pytest.raises(ValueError, match="tensor must have 2 dimensions"):
        init.eye_(engine.empty(3))


def test_older_names_warn() -> None:
    with pytest.warns(FutureWarning, match=r"nn\.init\.constant is deprecated in favour of"):
        assert init.constant(engine.empty(2), 3.0).tolist() == [3.0, 3.0]
    with pytest.warns(UserWarning, match="without elements does nothing"):
        init.kaiming_uniform_(engine.empty(0, 3))
    with pytest.warns(UserWarning, match="mean is more than 2 std"):
        init.trunc_normal_(engine.empty(2), mean=5.0)
