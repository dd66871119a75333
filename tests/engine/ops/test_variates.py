"""Gamma, Poisson, binomial, geometric, Cauchy and log-normal variates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import engine

N = 40_000
FLOATS = [engine.float32, engine.float64, engine.float16, engine.bfloat16]


def seeded(seed: int = 3) -> engine.Generator:
    return engine.Generator().manual_seed(seed)


def full(value: float, dtype: engine.dtype = engine.float64) -> engine.Tensor:
    return engine.full((N,), value, dtype=dtype)


def continuous_p(sample: engine.Tensor, distribution: Any) -> float:
    return float(stats.kstest(sample.double().numpy(), distribution.cdf).pvalue)


def discrete_p(sample: engine.Tensor, distribution: Any) -> float:
    """The p-value of the chi-squared test over some thirty bins."""
    low, high = (int(distribution.ppf(p)) for p in (1e-3, 1 - 1e-3))
    edges = np.arange(low, high + 1, max(1, (high - low) // 30))
    bins = np.searchsorted(edges, sample.double().numpy())
    counts = np.bincount(bins, minlength=len(edges) + 1)
    expected = np.diff([0, *distribution.cdf(edges), 1])
    kept = expected * N > 5
    share = expected[kept] / expected[kept].sum() * counts[kept].sum()
    return float(stats.chisquare(counts[kept], share).pvalue)


@pytest.mark.parametrize("shape", [0.05, 0.7, 1, 4.5, 1e5])
def test_standard_gamma(shape: float) -> None:
    drawn = engine._C._standard_gamma(full(shape), seeded())
    logs = engine._C._log_standard_gamma(full(shape), seeded(4))
    assert continuous_p(drawn, stats.gamma(shape)) > 1e-3
    assert continuous_p(logs.exp(), stats.gamma(shape)) > 1e-3


def test_logs_of_gamma_variates_that_underflow() -> None:
    logs = engine._C._log_standard_gamma(full(1e-4), seeded())
    assert bool(logs.isfinite().all())
    # log(x) of a small shape a is log(u) / a up to terms of order a.
    assert continuous_p(-logs * 1e-4, stats.expon) > 1e-3


@pytest.mark.parametrize("rate", [0.3, 9.9, 10.5, 1000, 1e7])
def test_poisson(rate: float) -> None:
    assert discrete_p(engine.poisson(full(rate), seeded()), stats.poisson(rate)) > 1e-3


@pytest.mark.parametrize(
    ("n", "p"), [(1, 0.3), (10, 0.95), (40, 0.25), (40, 0.9), (10_000, 0.001), (10**6, 0.3)]
)
def test_binomial(n: int, p: float) -> None:
    drawn = engine.binomial(full(n), engine.tensor(p, dtype=engine.float64), seeded())
    assert discrete_p(drawn, stats.binom(n, p)) > 1e-3


def test_in_place_draws() -> None:
    empty = engine.empty(N)
    assert continuous_p(empty.cauchy_(1, 2, generator=seeded()), stats.cauchy(1, 2)) > 1e-3
    logs = empty.log_normal_(0.5, 0.7, generator=seeded()).log()
    assert continuous_p(logs, stats.norm(0.5, 0.7)) > 1e-3
    assert discrete_p(empty.geometric_(0.2, generator=seeded()), stats.geom(0.2)) > 1e-3
    counts = engine.empty(100, dtype=engine.int64).geometric_(0.5, generator=seeded())
    assert counts.dtype == engine.int64 and int(counts.min()) >= 1


def test_draws_at_the_edges_of_their_parameters() -> None:
    inf, nan = float("inf"), float("nan")
    rates = engine.tensor([0.0, inf, nan])
    np.testing.assert_array_equal(engine.poisson(rates).numpy(), [0, inf, nan])
    np.testing.assert_array_equal(
        engine._C._standard_gamma(engine.tensor([0.0, inf, nan, -1.0])).numpy(), [0, inf, nan, nan]
    )
    counts, p = engine.tensor([0.0, 5, 5, nan, inf]), engine.tensor([0.5, 0, 1, 0.5, 0.5])
    np.testing.assert_array_equal(engine.binomial(counts, p).numpy(), [0, 0, 5, nan, inf])
    assert engine.poisson(engine.zeros(0)).shape == (0,)


@pytest.mark.parametrize("dtype", FLOATS)
def test_dtypes(dtype: engine.dtype) -> None:
    rate = engine.full((1000,), 4.0, dtype=dtype)
    for drawn in (engine.poisson(rate), engine._C._standard_gamma(rate)):
        assert drawn.dtype == dtype
        assert abs(drawn.double().mean().item() - 4) < 0.3


def test_gradients() -> None:
    rate = full(3.0).requires_grad_()
    engine.poisson(rate).sum().backward()
    assert bool((rate.grad == 0).all())
    shape = full(2.0).requires_grad_()
    engine._C._standard_gamma(shape, seeded()).mean().backward()
    assert shape.grad.sum().item() == pytest.approx(1, abs=0.02)  # the mean is the shape


def test_same_numbers_for_any_thread_count() -> None:
    threads = engine.get_num_threads()
    try:
        draws = []
        for count in (1, 2):
            engine.set_num_threads(count)
            draws.append(engine.poisson(full(20.0), seeded()).numpy())
    finally:
        engine.set_num_threads(threads)
    np.testing.assert_array_equal(*draws)


def test_bad_parameters() -> None:
    with pytest.raises(RuntimeError, match="poisson: self: expected rates of 0 or more, got -1"):
        engine.poisson(engine.tensor([-1.0]))
    with pytest.raises(RuntimeError, match="poisson: self: expected a floating dtype"):
        engine.poisson(engine.tensor([1]))
    with pytest.raises(RuntimeError, match="binomial: prob: expected"):
        engine.binomial(engine.ones(2), engine.ones(2, dtype=engine.float64))
    with pytest.raises(RuntimeError, match="cauchy_: sigma: expected more than 0, got 0"):
        engine.empty(2).cauchy_(0, 0)
    with pytest.raises(RuntimeError, match="geometric_: p: expected more than 0 and less than 1"):
        engine.empty(2).geometric_(1.0)
