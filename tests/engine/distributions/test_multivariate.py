"""Multivariate distributions against SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import engine
from engine import distributions as D
from engine.testing import gradcheck

SOURCE = np.random.default_rng(0)
LOC = SOURCE.normal(size=3)
COVARIANCE = np.array([[2.0, 0.3, -0.4], [0.3, 1.0, 0.2], [-0.4, 0.2, 1.5]])
VALUES = SOURCE.normal(size=(5, 3))


def tensor(values: Any) -> engine.Tensor:
    return engine.tensor(np.asarray(values), dtype=engine.float64)


def normals() -> dict[str, Any]:
    factor = np.linalg.cholesky(COVARIANCE)
    low_rank = np.array([[0.5], [0.3], [-0.7]])
    diagonal = np.array([0.4, 0.9, 0.2])
    return {
        "covariance": D.MultivariateNormal(tensor(LOC), tensor(COVARIANCE)),
        "precision": D.MultivariateNormal(
            tensor(LOC), precision_matrix=tensor(np.linalg.inv(COVARIANCE))
        ),
        "factor": D.MultivariateNormal(tensor(LOC), scale_tril=tensor(factor)),
        "low rank": D.LowRankMultivariateNormal(tensor(LOC), tensor(low_rank), tensor(diagonal)),
    }


@pytest.mark.parametrize("kind", normals())
def test_multivariate_normal(kind: str) -> None:
    built = normals()[kind]
    covariance = built.covariance_matrix.numpy()
    if kind != "low rank":
        np.testing.assert_allclose(covariance, COVARIANCE)
    scipy = stats.multivariate_normal(LOC, covariance)
    np.testing.assert_allclose(built.log_prob(tensor(VALUES)).numpy(), scipy.logpdf(VALUES))
    np.testing.assert_allclose(built.entropy().item(), scipy.entropy())
    np.testing.assert_allclose(built.variance.numpy(), np.diag(covariance))
    np.testing.assert_allclose(built.precision_matrix.numpy(), np.linalg.inv(covariance))
    np.testing.assert_allclose(built.scale_tril.numpy(), np.linalg.cholesky(covariance), atol=1e-12)
    engine.manual_seed(0)
    drawn = built.sample((20_000,)).numpy()
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.08)
    np.testing.assert_allclose(drawn.mean(0), LOC, atol=0.06)


def test_batches_of_multivariate_normals() -> None:
    covariance = tensor(COVARIANCE) * engine.tensor([1.0, 2.0], dtype=engine.float64)[:, None, None]
    built = D.MultivariateNormal(tensor(LOC), covariance)
    assert built.batch_shape == (2,) and built.sample((4,)).shape == (4, 2, 3)
    got = built.log_prob(tensor(VALUES)[:, None])
    for k in range(2):
        scipy = stats.multivariate_normal(LOC, COVARIANCE * (k + 1))
        np.testing.assert_allclose(got[:, k].numpy(), scipy.logpdf(VALUES))
    assert built.expand((7, 2)).log_prob(tensor(VALUES[0])).shape == (7, 2)


def test_gradients_of_multivariate_normals() -> None:
    noise = tensor(SOURCE.normal(size=3))

    def density(loc: engine.Tensor, root: engine.Tensor) -> engine.Tensor:
        return D.MultivariateNormal(loc, root @ root.mT).log_prob(noise)

    gradcheck(density, [tensor(LOC).requires_grad_(), tensor(COVARIANCE).requires_grad_()])
    factor = tensor(np.linalg.cholesky(COVARIANCE)).requires_grad_()
    assert D.MultivariateNormal(tensor(LOC), scale_tril=factor).rsample().requires_grad


@pytest.mark.parametrize("name", ["covariance_matrix", "precision_matrix", "scale_tril"])
def test_wishart(name: str) -> None:
    given = {
        "covariance_matrix": COVARIANCE,
        "precision_matrix": np.linalg.inv(COVARIANCE),
        "scale_tril": np.linalg.cholesky(COVARIANCE),
    }[name]
    built = D.Wishart(tensor(5.5), **{name: tensor(given)})
    scipy = stats.wishart(5.5, COVARIANCE)
    values = scipy.rvs(4, random_state=np.random.default_rng(1))
    wanted = [scipy.logpdf(v) for v in values]
    np.testing.assert_allclose(built.log_prob(tensor(values)).numpy(), wanted)
    np.testing.assert_allclose(built.entropy().item(), scipy.entropy())
    np.testing.assert_allclose(built.mean.numpy(), scipy.mean())
    np.testing.assert_allclose(built.variance.numpy(), scipy.var())
    engine.manual_seed(0)
    np.testing.assert_allclose(built.sample((20_000,)).mean(0).numpy(), scipy.mean(), atol=0.25)
    assert bool((engine.linalg.eigvalsh(built.sample((100,))) > 0).all())


def test_dirichlet() -> None:
    a = np.array([0.6, 2.0, 3.5])
    built, scipy = D.Dirichlet(tensor(a)), stats.dirichlet(a)
    values = scipy.rvs(4, random_state=np.random.default_rng(1))
    wanted = [scipy.logpdf(v) for v in values]
    np.testing.assert_allclose(built.log_prob(tensor(values)).numpy(), wanted)
    np.testing.assert_allclose(built.entropy().item(), scipy.entropy())
    np.testing.assert_allclose(built.mean.numpy(), scipy.mean())
    np.testing.assert_allclose(built.variance.numpy(), scipy.var())
    np.testing.assert_allclose(D.Dirichlet(tensor([3.0, 2.0])).mode.numpy(), [2 / 3, 1 / 3])
    np.testing.assert_allclose(D.Dirichlet(tensor([0.3, 0.2])).mode.numpy(), [1, 0])


def test_dirichlet_samples_and_their_gradient() -> None:
    engine.manual_seed(0)
    a = tensor([0.6, 2.0, 3.5]).requires_grad_()
    x = D.Dirichlet(a).rsample((20_000,))
    np.testing.assert_allclose(x.detach().mean(0).numpy(), a.detach().numpy() / 6.1, atol=0.01)
    for i in range(3):  # d E[x_i] / da
        (got,) = engine.autograd.grad(x[:, i].mean(), a, retain_graph=True)
        (wanted,) = engine.autograd.grad(D.Dirichlet(a).mean[i], a)
        np.testing.assert_allclose(got.numpy(), wanted.numpy(), atol=0.01)
    tiny = D.Dirichlet(engine.full((4,), 1e-4)).sample((1000,))
    assert bool((tiny.sum(-1) - 1).abs().max() < 1e-5) and bool(tiny.isfinite().all())


def test_multinomial() -> None:
    p = np.array([0.2, 0.5, 0.3])
    built, scipy = D.Multinomial(6, tensor(3 * p)), stats.multinomial(6, p)
    values = scipy.rvs(5, random_state=np.random.default_rng(1))
    np.testing.assert_allclose(built.log_prob(tensor(values)).numpy(), scipy.logpmf(values))
    np.testing.assert_allclose(built.entropy().item(), scipy.entropy())
    engine.manual_seed(0)
    drawn = built.sample((5000,))
    assert bool((drawn.sum(-1) == 6).all())
    np.testing.assert_allclose(drawn.mean(0).numpy(), 6 * p, atol=0.1)
    with pytest.raises(NotImplementedError, match="Multinomial: total_count: expected one int"):
        D.Multinomial(engine.tensor([1, 2]), engine.ones(2, 2))  # type: ignore[arg-type]


def test_categories() -> None:
    p = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    for built in (D.Categorical(tensor(2 * p)), D.OneHotCategorical(tensor(2 * p))):
        np.testing.assert_allclose(built.probs.numpy(), p)
        entropy = [-np.sum(p[0] * np.log(p[0])), 0]
        np.testing.assert_allclose(built.entropy().numpy(), entropy, atol=1e-12)
    indices = D.Categorical(tensor(p))
    np.testing.assert_allclose(indices.log_prob(engine.tensor([1, 0])).exp().numpy(), [0.5, 1])
    assert indices.enumerate_support().tolist() == [[0, 0], [1, 1], [2, 2]]
    assert indices.enumerate_support(expand=False).shape == (3, 1)
    engine.manual_seed(0)
    assert indices.sample((2, 3)).shape == (2, 3, 2) and indices.sample((0,)).shape == (0, 2)
    counts = indices.sample((10_000,))[:, 0].bincount() / 10_000
    np.testing.assert_allclose(counts.numpy(), p[0], atol=0.02)
    vectors = D.OneHotCategoricalStraightThrough(tensor(p).requires_grad_())
    drawn = vectors.rsample((4,))
    assert drawn.requires_grad and bool(D.constraints.one_hot.check(drawn.round()).all())


def test_relaxed_categories_and_their_density() -> None:
    """The density integrates to 1 over the simplex (here an interval)."""
    grid = np.linspace(5e-4, 1 - 5e-4, 1000)
    p, t = tensor([0.3, 0.7]), tensor(0.8)
    points = tensor(np.stack([grid, 1 - grid], -1))
    density = D.RelaxedOneHotCategorical(t, p).log_prob(points).exp().numpy()
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-2)
    density = D.RelaxedBernoulli(t, probs=tensor(0.3)).log_prob(tensor(grid)).exp().numpy()
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-2)
    engine.manual_seed(0)
    cold = D.RelaxedBernoulli(tensor(0.01), probs=tensor(0.3)).rsample((5000,))
    assert (cold > 0.5).double().mean().item() == pytest.approx(0.3, abs=0.03)


def test_lkj_cholesky() -> None:
    """Each correlation is 2 x - 1 of a beta variate (Lewandowski et al., 2009)."""
    engine.manual_seed(0)
    dim, concentration = 4, 1.7
    factors = D.LKJCholesky(dim, tensor(concentration)).sample((5000,))
    assert bool(D.constraints.corr_cholesky.check(factors).all())
    correlations = (factors @ factors.mT).numpy()
    marginal = stats.beta(concentration + (dim - 2) / 2, concentration + (dim - 2) / 2, -1, 2)
    for i in range(dim):
        for j in range(i):
            assert stats.kstest(correlations[:, i, j], marginal.cdf).pvalue > 1e-3
    # For dim 2 the density in the correlation r: the row is (r, sqrt(1 - r^2)).
    r = np.linspace(-0.999, 0.999, 2001)
    rows = np.stack(
        [np.stack([np.ones_like(r), 0 * r], -1), np.stack([r, (1 - r**2) ** 0.5], -1)], 1
    )
    density = D.LKJCholesky(2, tensor(concentration)).log_prob(tensor(rows)).exp().numpy()
    assert np.trapezoid(density, r) == pytest.approx(1, abs=1e-3)


def test_continuous_bernoulli_integrates_to_one() -> None:
    x = np.linspace(0, 1, 2001)
    for p in (0.1, 0.4995, 0.5, 0.9):
        built = D.ContinuousBernoulli(tensor(p))
        density = built.log_prob(tensor(x)).exp().numpy()
        assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-6)
        mean = np.trapezoid(density * x, x)
        assert built.mean.item() == pytest.approx(mean, abs=1e-6)
        assert built.variance.item() == pytest.approx(
            np.trapezoid(density * (x - mean) ** 2, x), abs=1e-6
        )
        assert built.entropy().item() == pytest.approx(
            -np.trapezoid(density * np.log(density), x), abs=1e-6
        )
        np.testing.assert_allclose(built.icdf(built.cdf(tensor(x))).numpy(), x, atol=1e-9)


def test_kumaraswamy() -> None:
    x = np.linspace(0, 1, 4001)[1:-1]
    built = D.Kumaraswamy(tensor(1.8), tensor(2.5))
    density = built.log_prob(tensor(x)).exp().numpy()
    np.testing.assert_allclose(built.cdf(tensor(x)).numpy(), 1 - (1 - x**1.8) ** 2.5, atol=1e-12)
    mean = np.trapezoid(density * x, x)
    assert built.mean.item() == pytest.approx(mean, abs=1e-5)
    assert built.entropy().item() == pytest.approx(
        -np.trapezoid(density * np.log(density), x), abs=1e-4
    )
    assert built.mode.item() == pytest.approx(x[density.argmax()], abs=1e-3)


def test_logistic_normal_density() -> None:
    """At the image of 0 the density is the normal one divided by |dy/dx|."""
    built = D.LogisticNormal(tensor([0.0, 0.0]), tensor([1.0, 1.0]))
    centre = tensor([1 / 3, 1 / 3, 1 / 3])
    jacobian = math.log(1 / 3 * 2 / 3 * (2 / 3 * 1 / 4))
    wanted = -math.log(2 * math.pi) - jacobian
    assert built.log_prob(centre).item() == pytest.approx(wanted)


def test_mixture() -> None:
    weights, means = np.array([0.3, 0.7]), np.array([-1.0, 2.0])
    built = D.MixtureSameFamily(D.Categorical(tensor(weights)), D.Normal(tensor(means), 0.5))
    x = np.linspace(-4, 5, 7)
    density = sum(w * stats.norm(m, 0.5).pdf(x) for w, m in zip(weights, means, strict=True))
    below = sum(w * stats.norm(m, 0.5).cdf(x) for w, m in zip(weights, means, strict=True))
    np.testing.assert_allclose(built.log_prob(tensor(x)).exp().numpy(), density)
    np.testing.assert_allclose(built.cdf(tensor(x)).numpy(), below)
    assert built.mean.item() == pytest.approx(1.1)
    assert built.variance.item() == pytest.approx(0.25 + 0.21 * 9)
    engine.manual_seed(0)
    assert built.sample((20_000,)).mean().item() == pytest.approx(1.1, abs=0.05)
    vectors = D.MixtureSameFamily(
        D.Categorical(engine.ones(4, 2)), D.Independent(D.Normal(engine.zeros(4, 2, 3), 1.0), 1)
    )
    assert vectors.sample((5,)).shape == (5, 4, 3)
    assert vectors.expand((6, 4)).log_prob(engine.zeros(3)).shape == (6, 4)
    with pytest.raises(ValueError, match="MixtureSameFamily: 3 weights for 2 components"):
        D.MixtureSameFamily(D.Categorical(engine.ones(3)), D.Normal(engine.zeros(2), 1.0))
