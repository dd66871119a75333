"""Divergences of one family from another: minus p's entropy, minus the mean of log q under p."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions.bernoulli import Bernoulli
from engine.distributions.beta import Beta
from engine.distributions.binomial import Binomial
from engine.distributions.continuous_bernoulli import ContinuousBernoulli
from engine.distributions.exponential import Exponential
from engine.distributions.gamma import Gamma
from engine.distributions.gumbel import Gumbel
from engine.distributions.kl import infinite_where, register_kl
from engine.distributions.laplace import Laplace
from engine.distributions.normal import Normal
from engine.distributions.pareto import Pareto
from engine.distributions.poisson import Poisson
from engine.distributions.uniform import Uniform
from engine.distributions.utils import EULER


def _mean_log(p: Any) -> Tensor:
    """The mean of log(x) of a positive variate."""
    if isinstance(p, Beta):
        return engine.digamma(p.concentration1) - engine.digamma(
            p.concentration1 + p.concentration0
        )
    if isinstance(p, Exponential):
        return -EULER - p.rate.log()
    if isinstance(p, Pareto):
        return p.scale.log() + p.alpha.reciprocal()
    assert isinstance(p, Uniform)
    return _uniform_mean_log(p.low, p.high)


def _uniform_mean_log(low: Tensor, high: Tensor) -> Tensor:
    return (engine.xlogy(high, high) - engine.xlogy(low, low)) / (high - low) - 1


def _mean_exp(p: Any, t: Tensor) -> Tensor:
    """The mean of exp(t x): the moment generating function."""
    if isinstance(p, Exponential):
        return p.rate / (p.rate - t)
    if isinstance(p, Gamma):
        return (1 - t / p.rate).pow(-p.concentration)
    if isinstance(p, Normal):
        return engine.exp(p.loc * t + p.scale.square() * t.square() / 2)
    assert isinstance(p, Uniform)
    return (engine.exp(t * p.high) - engine.exp(t * p.low)) / (t * (p.high - p.low))


@register_kl(Beta, Normal)
@register_kl(ContinuousBernoulli, Normal)
@register_kl(Exponential, Normal)
@register_kl(Gamma, Normal)
@register_kl(Gumbel, Normal)
@register_kl(Laplace, Normal)
@register_kl(Pareto, Normal)
@register_kl(Uniform, Normal)
def _from_normal(p: Any, q: Normal) -> Tensor:
    distance = (p.variance + (p.mean - q.loc).square()) / (2 * q.scale.square())
    return -p.entropy() + distance + q.scale.log() + 0.5 * math.log(2 * math.pi)


@register_kl(Beta, Exponential)
@register_kl(ContinuousBernoulli, Exponential)
@register_kl(Gamma, Exponential)
@register_kl(Pareto, Exponential)
def _from_exponential(p: Any, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Uniform, Exponential)
def _uniform_from_exponential(p: Uniform, q: Exponential) -> Tensor:
    return infinite_where(p.low < 0, _from_exponential(p, q))


@register_kl(Beta, Gamma)
@register_kl(Exponential, Gamma)
@register_kl(Pareto, Gamma)
def _from_gamma(p: Any, q: Gamma) -> Tensor:
    a, rate = q.concentration, q.rate
    log_density = a * rate.log() - engine.lgamma(a) + (a - 1) * _mean_log(p) - rate * p.mean
    return -p.entropy() - log_density


@register_kl(Uniform, Gamma)
def _uniform_from_gamma(p: Uniform, q: Gamma) -> Tensor:
    return infinite_where(p.low < 0, _from_gamma(p, q))


@register_kl(Exponential, Gumbel)
@register_kl(Gamma, Gumbel)
@register_kl(Normal, Gumbel)
@register_kl(Uniform, Gumbel)
def _from_gumbel(p: Any, q: Gumbel) -> Tensor:
    exponent = engine.exp(q.loc / q.scale) * _mean_exp(p, -q.scale.reciprocal())
    return -p.entropy() + q.scale.log() + (p.mean - q.loc) / q.scale + exponent


@register_kl(Normal, Laplace)
def _normal_from_laplace(p: Normal, q: Laplace) -> Tensor:
    z = (p.loc - q.loc) / p.scale
    folded = math.sqrt(2 / math.pi) * engine.exp(-z.square() / 2) + z * engine.erf(z / 2**0.5)
    return -p.entropy() + (2 * q.scale).log() + p.scale / q.scale * folded


@register_kl(Beta, ContinuousBernoulli)
def _from_continuous_bernoulli(p: Any, q: ContinuousBernoulli) -> Tensor:
    return -p.entropy() - p.mean * q.logits - engine.log1p(-q.probs) - q._log_constant()


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_from_continuous_bernoulli(p: Uniform, q: ContinuousBernoulli) -> Tensor:
    return infinite_where((p.high > 1) | (p.low < 0), _from_continuous_bernoulli(p, q))


@register_kl(Beta, Uniform)
@register_kl(ContinuousBernoulli, Uniform)
def _unit_from_uniform(p: Any, q: Uniform) -> Tensor:
    divergence = -p.entropy() + (q.high - q.low).log()
    return infinite_where((q.low > 0) | (q.high < 1), divergence)


@register_kl(Uniform, Beta)
def _uniform_from_beta(p: Uniform, q: Beta) -> Tensor:
    a, b = q.concentration1, q.concentration0
    log_density = (a - 1) * _uniform_mean_log(p.low, p.high)
    log_density = log_density + (b - 1) * _uniform_mean_log(1 - p.high, 1 - p.low)
    divergence = -p.entropy() - log_density + q._log_normalizer(a - 1, b - 1)
    return infinite_where((p.high > 1) | (p.low < 0), divergence)


@register_kl(Uniform, Pareto)
def _uniform_from_pareto(p: Uniform, q: Pareto) -> Tensor:
    mean_log = _uniform_mean_log(p.low, p.high)
    log_density = q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * mean_log
    return infinite_where(p.low < q.scale, -p.entropy() - log_density)


@register_kl(Bernoulli, Poisson)
def _bernoulli_from_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return -p.entropy() - (engine.xlogy(p.probs, q.rate) - q.rate)


def _infinite(p: Any, q: Any) -> Tensor:
    """Infinite: the support of p exceeds that of q."""
    shape = engine.broadcast_shapes(p.batch_shape, q.batch_shape)
    value = p.rate if isinstance(p, Poisson) else p.mean
    return engine.full(shape, engine.inf, dtype=value.dtype, device=value.device)


_OUTSIDE: dict[type, tuple[type, ...]] = {
    Beta: (Pareto,),
    ContinuousBernoulli: (Pareto,),
    Exponential: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gamma: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gumbel: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Laplace: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Normal: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Pareto: (Beta, ContinuousBernoulli, Uniform),
    Poisson: (Bernoulli, Binomial),
}
for _p, _qs in _OUTSIDE.items():
    for _q in _qs:
        register_kl(_p, _q)(_infinite)
