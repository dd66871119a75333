"""Divergences against sums over all values, or the mean over samples."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import engine
from engine import distributions as D
from engine.distributions.kl import _KL_REGISTRY


def t(value: Any) -> engine.Tensor:
    return engine.tensor(value, dtype=engine.float64)


BUILT: dict[str, list[Any]] = {
    "Normal": [D.Normal(t(0.3), t(0.7)), D.Normal(t(-0.2), t(1.1))],
    "HalfNormal": [D.HalfNormal(t(0.7)), D.HalfNormal(t(1.1))],
    "Laplace": [D.Laplace(t(0.3), t(0.7)), D.Laplace(t(-0.2), t(1.1))],
    "Cauchy": [D.Cauchy(t(0.3), t(0.7)), D.Cauchy(t(-0.2), t(1.1))],
    "Gumbel": [D.Gumbel(t(0.3), t(0.7)), D.Gumbel(t(-0.2), t(1.1))],
    "Exponential": [D.Exponential(t(1.3)), D.Exponential(t(0.6))],
    "Gamma": [D.Gamma(t(2.3), t(1.4)), D.Gamma(t(1.6), t(0.8))],
    "Beta": [D.Beta(t(2.3), t(1.4)), D.Beta(t(1.6), t(1.8))],
    "ContinuousBernoulli": [D.ContinuousBernoulli(t(0.3)), D.ContinuousBernoulli(t(0.8))],
    "Pareto": [D.Pareto(t(0.9), t(3.5)), D.Pareto(t(0.15), t(2.5))],
    "Uniform": [D.Uniform(t(0.2), t(0.9)), D.Uniform(t(-0.1), t(1.2))],
    "Bernoulli": [D.Bernoulli(t(0.3)), D.Bernoulli(logits=t(0.8))],
    "Binomial": [D.Binomial(5, t(0.3)), D.Binomial(5, t(0.6))],
    "Categorical": [D.Categorical(t([0.2, 0.8])), D.Categorical(logits=t([0.3, 0.1]))],
    "OneHotCategorical": [D.OneHotCategorical(t([0.2, 0.8])), D.OneHotCategorical(t([0.5, 0.5]))],
    "Geometric": [D.Geometric(t(0.3)), D.Geometric(t(0.6))],
    "Poisson": [D.Poisson(t(2.3)), D.Poisson(t(3.4))],
}
DISCRETE = {"Bernoulli", "Binomial", "Categorical", "OneHotCategorical", "Geometric", "Poisson"}
PAIRS = [(p.__name__, q.__name__) for p, q in _KL_REGISTRY]
PAIRS = [(p, q) for p, q in PAIRS if p in BUILT and q in BUILT]


def summed(p: Any, q: Any) -> float:
    """The divergence of discrete distributions by its definition."""
    values = p.enumerate_support() if p.has_enumerate_support else t(np.arange(80.0))
    a, b = p.log_prob(values).numpy(), q.log_prob(values).numpy()
    return float(np.sum(np.exp(a) * (a - b)))


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_divergence(p: str, q: str) -> None:
    one, other = BUILT[p][0], BUILT[q][1]
    got = D.kl_divergence(one, other).item()
    points = one.sample((200,))
    if not bool(other.support.check(points).all()):
        assert got == np.inf
        return
    if p in DISCRETE:
        assert got == pytest.approx(summed(one, other), rel=1e-7)
        return
    engine.manual_seed(0)
    x = one.sample((20_000,))
    ratio = (one.log_prob(x) - other.log_prob(x)).numpy()
    assert got == pytest.approx(ratio.mean(), abs=5 * ratio.std() / len(ratio) ** 0.5 + 1e-9)


@pytest.mark.parametrize("name", BUILT)
def test_divergence_from_itself_is_zero(name: str) -> None:
    for built in BUILT[name]:
        assert D.kl_divergence(built, built).item() == pytest.approx(0, abs=1e-12)


def test_families_by_their_log_normalizer() -> None:
    """The general formula agrees with those of the pairs."""
    from engine.distributions.kl import _kl_exponential_family

    for name in ("Normal", "Gamma", "Exponential", "Beta", "ContinuousBernoulli", "Bernoulli"):
        p, q = BUILT[name]
        general = _kl_exponential_family(p, q).item()
        assert general == pytest.approx(D.kl_divergence(p, q).item(), rel=1e-6), name
        rate = D.ExponentialFamily.entropy(p).item()
        assert rate == pytest.approx(p.entropy().item(), rel=1e-6), name
    rate = t(1.3).requires_grad_()
    D.ExponentialFamily.entropy(D.Exponential(rate)).backward()
    assert rate.grad is not None and rate.grad.item() == pytest.approx(-1 / 1.3)


def test_multivariate_normals() -> None:
    loc, other_loc = t([0.3, -0.4]), t([0.1, 0.2])
    factor, diagonal = t([[0.5], [0.8]]), t([0.7, 0.4])
    low_rank = D.LowRankMultivariateNormal(loc, factor, diagonal)
    full = D.MultivariateNormal(other_loc, t([[1.5, 0.3], [0.3, 0.9]]))
    a, b = low_rank.covariance_matrix.numpy(), full.covariance_matrix.numpy()
    d = (other_loc - loc).numpy()
    inverse = np.linalg.inv(b)
    wanted = 0.5 * (
        np.log(np.linalg.det(b) / np.linalg.det(a)) + np.trace(inverse @ a) + d @ inverse @ d - 2
    )
    assert D.kl_divergence(low_rank, full).item() == pytest.approx(wanted)
    same = D.MultivariateNormal(loc, low_rank.covariance_matrix)
    for p in (low_rank, same):
        for q in (low_rank, same):
            assert D.kl_divergence(p, q).item() == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="kl_divergence: vectors of 2 and 3 elements"):
        D.kl_divergence(full, D.MultivariateNormal(engine.zeros(3), engine.eye(3)))


def test_composed_distributions() -> None:
    p, q = (D.Independent(D.Normal(t([0.0, x]), 1.0), 1) for x in (0.0, 2.0))
    assert D.kl_divergence(p, q).item() == pytest.approx(2)
    a, b = D.LogNormal(t(0.0), t(1.0)), D.LogNormal(t(1.0), t(1.0))
    assert D.kl_divergence(a, b).item() == pytest.approx(0.5)
    with pytest.raises(NotImplementedError, match="transformed in different ways"):
        D.kl_divergence(a, D.HalfNormal(1.0).expand(()))
    with pytest.raises(NotImplementedError, match="no formula for Normal and Cauchy"):
        D.kl_divergence(D.Normal(0.0, 1.0), D.Cauchy(0.0, 1.0))


def test_binomials_of_different_counts() -> None:
    p, q = D.Binomial(3, t(0.3)), D.Binomial(5, t(0.4))
    k = t([0.0, 1, 2, 3])
    a, b = p.log_prob(k), q.log_prob(k)
    assert D.kl_divergence(p, q).item() == pytest.approx((a.exp() * (a - b)).sum().item())
    assert D.kl_divergence(q, p).item() == np.inf


def test_the_most_specific_pair_is_used() -> None:
    class Left(D.Normal): ...

    class Right(D.Normal): ...

    one, other = Left(0.0, 1.0), Right(1.0, 1.0)
    assert D.kl_divergence(one, other).item() == 0.5
    D.register_kl(Left, D.Normal)(lambda p, q: engine.tensor(1.0))
    assert D.kl_divergence(one, other).item() == 1
    D.register_kl(D.Normal, Right)(lambda p, q: engine.tensor(2.0))
    with pytest.warns(RuntimeWarning, match="two formulas are equally specific for Left and Right"):
        D.kl_divergence(one, other)
    D.register_kl(Left, Right)(lambda p, q: engine.tensor(3.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert D.kl_divergence(one, other).item() == 3
    with pytest.raises(TypeError, match="register_kl: argument 'type_p'"):
        D.register_kl(int, D.Normal)
