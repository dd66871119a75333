"""The gamma family at large arguments, poles and limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import engine
from engine.testing import gradcheck

INF, NAN = np.inf, np.nan


def tensor(values: object) -> engine.Tensor:
    return engine.tensor(values, dtype=engine.float64)


def test_incomplete_gamma_of_all_sizes() -> None:
    source = np.random.default_rng(0)
    a = np.exp(source.uniform(-4, 14, 2000))
    x = a * np.exp(2 * source.normal(size=2000) / np.sqrt(a))
    for ours, theirs in ((engine.igamma, special.gammainc), (engine.igammac, special.gammaincc)):
        np.testing.assert_allclose(ours(tensor(a), tensor(x)).numpy(), theirs(a, x), atol=1e-12)


@pytest.mark.parametrize(
    ("a", "x", "lower"),
    [(0, 0, NAN), (0, 1, 1), (1, 0, 0), (INF, 1, 0), (1, INF, 1), (INF, INF, NAN), (-1, 1, NAN)]
    + [(1, -1, NAN), (NAN, 1, NAN), (5, 5e9, 1), (1e300, 1e300, 0.5), (1e-320, 1e-320, 1)],
)
def test_incomplete_gamma_at_its_edges(a: float, x: float, lower: float) -> None:
    pair = tensor(float(a)), tensor(float(x))
    np.testing.assert_equal(engine.igamma(*pair).item(), lower)
    np.testing.assert_equal(engine.igammac(*pair).item(), 1 - lower)


def test_incomplete_gamma_is_differentiable_in_its_second_argument_alone() -> None:
    a, x = tensor([0.5, 3.0]), tensor([0.7, 2.0]).requires_grad_()
    gradcheck(lambda t: engine.igamma(a, t), [x])
    gradcheck(lambda t: engine.igammac(a, t), [x])
    with pytest.raises(NotImplementedError, match="igamma: there is no derivative by the first"):
        engine.igamma(a.requires_grad_(), x.detach()).sum().backward()


def test_zeta_with_large_exponents_and_negative_arguments() -> None:
    s, q = np.meshgrid([1.01, 2.0, 30.0, 50.0, 200.0], [0.01, 0.5, 5.0, 12.5, 1e4])
    np.testing.assert_allclose(
        engine.special.zeta(tensor(s), tensor(q)).numpy(), special.zeta(s, q), rtol=1e-12
    )
    # zeta(3, -0.5) = (-0.5)^-3 + zeta(3, 0.5)
    assert engine.special.zeta(3, tensor(-0.5)).item() == pytest.approx(-8 + special.zeta(3, 0.5))
    assert engine.special.zeta(2, tensor(-1.0)).item() == INF
    assert np.isnan(engine.special.zeta(2.5, tensor(-0.5)).item())


def test_polygamma_far_below_zero_takes_no_time() -> None:
    x = tensor([-1e9 - 0.5, -2.5])
    np.testing.assert_allclose(x.polygamma(2).numpy(), [0, -0.1082040516], atol=1e-8)
    with pytest.raises(RuntimeError, match="polygamma: n: expected 0 or more, got -1"):
        engine.polygamma(-1, x)


def test_slope_of_a_gamma_variate_against_figures_of_50_digits() -> None:
    """-dP/da / p with mpmath, for shapes on every branch."""
    rows = np.array(
        [
            [0.1, 0.001, 0.06490724738374097],
            [2.5, 0.5, 0.42684249818525005],
            [2.5, 9.0, 1.891711800090848],
            [1000, 1050, 1.0247642170623443],
            [20000, 19800, 0.9949915410370521],
        ]
    )
    got = engine._C._standard_gamma_grad(tensor(rows[:, 0]), tensor(rows[:, 1]))
    np.testing.assert_allclose(got.numpy(), rows[:, 2], rtol=1e-10)


def test_no_gradient_outside_the_domain() -> None:
    x = engine.tensor([-1.0, 0.0], requires_grad=True)
    engine.igamma(engine.tensor(1.0), x).sum().backward()
    assert x.grad is not None and x.grad.isnan().tolist() == [True, False]
