"""Univariate distributions against SciPy: densities, moments, functions and samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from scipy import stats

import engine
from engine import distributions as D
from engine.testing import gradcheck

N = 10_000


@dataclass
class Case:
    """A distribution with parameters, and SciPy's."""

    name: str
    params: dict[str, float]
    scipy: Any
    has: set[str] = field(default_factory=lambda: {"cdf", "icdf", "entropy"})
    discrete: bool = False

    def build(self) -> Any:
        tensors = {k: engine.tensor(v, dtype=engine.float64) for k, v in self.params.items()}
        return getattr(D, self.name)(**tensors)


ENTROPY = {"entropy"}
CASES = [
    Case("Normal", {"loc": 0.7, "scale": 1.3}, stats.norm(0.7, 1.3)),
    Case("Uniform", {"low": -1, "high": 2.5}, stats.uniform(-1, 3.5)),
    Case("Laplace", {"loc": 0.7, "scale": 1.3}, stats.laplace(0.7, 1.3)),
    Case("Cauchy", {"loc": 0.7, "scale": 1.3}, stats.cauchy(0.7, 1.3)),
    Case("Exponential", {"rate": 2.5}, stats.expon(scale=0.4)),
    Case(
        "Gamma",
        {"concentration": 0.6, "rate": 2.5},
        stats.gamma(0.6, scale=0.4),
        {"cdf", "entropy"},
    ),
    Case("Chi2", {"df": 3.5}, stats.chi2(3.5), {"cdf", "entropy"}),
    Case("Beta", {"concentration1": 0.7, "concentration0": 2.2}, stats.beta(0.7, 2.2), ENTROPY),
    Case("StudentT", {"df": 3.5, "loc": 0.7, "scale": 1.3}, stats.t(3.5, 0.7, 1.3), ENTROPY),
    Case("FisherSnedecor", {"df1": 3.5, "df2": 7.5}, stats.f(3.5, 7.5), set()),
    Case("HalfNormal", {"scale": 1.3}, stats.halfnorm(scale=1.3)),
    Case("HalfCauchy", {"scale": 1.3}, stats.halfcauchy(scale=1.3)),
    Case("LogNormal", {"loc": 0.3, "scale": 0.6}, stats.lognorm(0.6, scale=np.exp(0.3))),
    Case("Gumbel", {"loc": 0.7, "scale": 1.3}, stats.gumbel_r(0.7, 1.3)),
    Case("Weibull", {"scale": 1.3, "concentration": 2.2}, stats.weibull_min(2.2, scale=1.3)),
    Case("Pareto", {"scale": 1.3, "alpha": 4.5}, stats.pareto(4.5, scale=1.3)),
    Case(
        "InverseGamma",
        {"concentration": 4.5, "rate": 1.3},
        stats.invgamma(4.5, scale=1.3),
        {"cdf", "entropy"},
    ),
    Case(
        "GeneralizedPareto",
        {"loc": 0.7, "scale": 1.3, "concentration": -0.2},
        stats.genpareto(-0.2, 0.7, 1.3),
    ),
    Case(
        "GeneralizedPareto",
        {"loc": 0.7, "scale": 1.3, "concentration": 0.0},
        stats.genpareto(0.0, 0.7, 1.3),
    ),
    Case("VonMises", {"loc": 0.7, "concentration": 1.3}, stats.vonmises(1.3, 0.7), set()),
    Case("Poisson", {"rate": 4.5}, stats.poisson(4.5), set(), True),
    Case("Bernoulli", {"probs": 0.3}, stats.bernoulli(0.3), ENTROPY, True),
    Case("Binomial", {"total_count": 9, "probs": 0.3}, stats.binom(9, 0.3), ENTROPY, True),
    Case("Geometric", {"probs": 0.3}, stats.geom(0.3, loc=-1), ENTROPY, True),
    Case(
        "NegativeBinomial",
        {"total_count": 4.5, "probs": 0.3},
        stats.nbinom(4.5, 0.7),
        set(),
        True,
    ),
]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def sample_of(case: Case, n: int) -> np.ndarray:
    return np.asarray(case.scipy.rvs(n, random_state=np.random.default_rng(1)), dtype=np.float64)


@each
def test_density(case: Case) -> None:
    values = sample_of(case, 50)
    wanted = case.scipy.logpmf(values) if case.discrete else case.scipy.logpdf(values)
    got = case.build().log_prob(engine.tensor(values, dtype=engine.float64))
    np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-9, atol=1e-10)


@each
def test_moments(case: Case) -> None:
    built = case.build()
    if case.name == "VonMises":
        pytest.skip("its moments are circular")
    mean, variance = (float(x) for x in case.scipy.stats("mv"))
    np.testing.assert_allclose(built.mean.item(), mean, rtol=1e-9)
    if case.name != "Cauchy":  # infinite here, nan in SciPy
        np.testing.assert_allclose(built.variance.item(), variance, rtol=1e-8)
        np.testing.assert_allclose(built.stddev.item(), variance**0.5, rtol=1e-8)
    if "entropy" in case.has:
        entropy = float(case.scipy.entropy())
        np.testing.assert_allclose(built.entropy().item(), entropy, rtol=1e-6)
        np.testing.assert_allclose(built.perplexity().item(), np.exp(entropy), rtol=1e-6)
    else:
        with pytest.raises(NotImplementedError, match=f"{case.name}: entropy is not available"):
            built.entropy()


@each
def test_distribution_function_and_quantile(case: Case) -> None:
    built, values = case.build(), sample_of(case, 50)
    if "cdf" in case.has:
        got = built.cdf(engine.tensor(values, dtype=engine.float64))
        np.testing.assert_allclose(got.numpy(), case.scipy.cdf(values), rtol=1e-9, atol=1e-12)
    p = np.linspace(0.02, 0.98, 25)
    if "icdf" in case.has:
        got = built.icdf(engine.tensor(p, dtype=engine.float64))
        np.testing.assert_allclose(got.numpy(), case.scipy.ppf(p), rtol=1e-8, atol=1e-10)
    else:
        with pytest.raises(NotImplementedError):
            built.icdf(engine.tensor(p, dtype=engine.float64))


@each
def test_samples(case: Case) -> None:
    engine.manual_seed(2)
    values = case.build().sample((N,))
    assert values.shape == (N,) and values.dtype == engine.float64
    drawn = values.numpy()
    if case.discrete:
        assert (drawn == drawn.round()).all()
        error = (case.scipy.var() / N) ** 0.5
        assert abs(drawn.mean() - case.scipy.mean()) < 5 * error
        for k in range(4):
            p = case.scipy.pmf(k)
            assert abs((drawn == k).mean() - p) < 5 * (p / N) ** 0.5 + 1e-9
        return
    if case.name == "VonMises":
        drawn = (drawn - 0.7 + np.pi) % (2 * np.pi) - np.pi + 0.7  # as SciPy's, around loc
    assert stats.kstest(drawn, case.scipy.cdf).pvalue > 1e-3


TWO_VARIATES = ("Beta", "FisherSnedecor", "StudentT")  # each is differentiated at its own quantile
REPARAMETRIZED = [c for c in CASES if c.name not in ("VonMises", *TWO_VARIATES) and not c.discrete]


@pytest.mark.parametrize("case", REPARAMETRIZED, ids=lambda case: case.name)
def test_samples_move_with_their_parameters(case: Case) -> None:
    """dx/dt at a fixed quantile is -(dF/dt) / f, of SciPy's distribution function."""
    engine.manual_seed(5)
    leaves = {
        k: engine.tensor(v, dtype=engine.float64, requires_grad=True)
        for k, v in case.params.items()
    }
    built = getattr(D, case.name)(**leaves)
    x = built.rsample()
    gradients = engine.autograd.grad(x, list(leaves.values()), materialize_grads=True)
    density = built.log_prob(x).exp().item()
    for (name, value), gradient in zip(case.params.items(), gradients, strict=True):
        step = 1e-5
        if name == "concentration" and value == 0:
            continue
        above, below = (
            _distribution_function(case, {**case.params, name: value + d}, x.item())
            for d in (step, -step)
        )
        slope = -(above - below) / (2 * step) / density
        assert gradient.item() == pytest.approx(slope, rel=1e-5, abs=1e-7), name


def _distribution_function(case: Case, params: dict[str, float], x: float) -> float:
    tensors = {k: engine.tensor(v, dtype=engine.float64) for k, v in params.items()}
    return float(getattr(D, case.name)(**tensors).cdf(engine.tensor(x, dtype=engine.float64)))


@pytest.mark.parametrize("name", TWO_VARIATES)
def test_gradients_of_mean_squares_through_samples(name: str) -> None:
    """The gradient of E[x] (of E[x^2] for t), which is known, from 20,000 samples."""
    engine.manual_seed(6)
    params = {"Beta": (1.5, 2.5), "StudentT": (12.0, 0.0, 1.5), "FisherSnedecor": (5.0, 20.0)}
    leaves = [engine.tensor(v, dtype=engine.float64, requires_grad=True) for v in params[name]]
    built = getattr(D, name)(*leaves)
    exact = built.variance if name == "StudentT" else built.mean
    x = built.rsample((20_000,))
    estimate = (x.square() if name == "StudentT" else x).mean()
    wanted = engine.autograd.grad(exact, leaves, retain_graph=True, materialize_grads=True)
    got = engine.autograd.grad(estimate, leaves, materialize_grads=True)
    for g, w in zip(got, wanted, strict=True):
        assert g.item() == pytest.approx(w.item(), rel=0.1, abs=0.1)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.name != "Binomial"], ids=lambda case: case.name
)
def test_gradient_of_the_density(case: Case) -> None:
    value = engine.tensor(sample_of(case, 3), dtype=engine.float64)
    names = list(case.params)
    leaves = [
        engine.tensor(v, dtype=engine.float64, requires_grad=True) for v in case.params.values()
    ]
    if case.name == "GeneralizedPareto" and case.params["concentration"] == 0:
        pytest.skip("the limit for concentration 0 is constant in it")

    def density(*given: engine.Tensor) -> engine.Tensor:
        built = getattr(D, case.name)(**dict(zip(names, given, strict=True)), validate_args=False)
        return built.log_prob(value)  # type: ignore[no-any-return]

    gradcheck(density, leaves)


def test_limits_of_moments() -> None:
    t = D.StudentT(engine.tensor([0.5, 1.5, 3.0]))
    np.testing.assert_array_equal(t.mean.numpy(), [np.nan, 0, 0])
    np.testing.assert_allclose(t.variance.numpy(), [np.nan, np.inf, 3])
    pareto = D.Pareto(1.0, engine.tensor([0.5, 1.5, 3.0]))
    np.testing.assert_allclose(pareto.mean.numpy(), [np.inf, 3, 1.5])
    np.testing.assert_allclose(pareto.variance.numpy(), [np.inf, np.inf, 0.75])
    f = D.FisherSnedecor(engine.tensor([1.0, 4.0]), engine.tensor([2.0, 6.0]))
    np.testing.assert_allclose(f.mean.numpy(), [np.nan, 1.5])
    np.testing.assert_allclose(f.mode.numpy(), [np.nan, 0.375])


def test_modes() -> None:
    modes = {
        D.Gamma(3.0, 2.0): 1.0,
        D.Gamma(0.5, 2.0): 0.0,
        D.Beta(3.0, 2.0): 2 / 3,
        D.Binomial(4, 1.0): 4.0,
        D.Poisson(3.7): 3.0,
        D.Weibull(2.0, 0.5): 0.0,
        D.Weibull(2.0, 2.0): 2**0.5,
        D.Kumaraswamy(2.0, 2.0): 3**-0.5,
        D.LogNormal(1.0, 1.0): 1.0,
    }
    for built, mode in modes.items():
        assert built.mode.item() == pytest.approx(mode), built
    assert bool(D.Bernoulli(0.5).mode.isnan())
