"""Kullback-Leibler divergences between pairs of distributions.

Formulas for pairs of one family are in their own functions here; those of one family against
another are in ``kl_mixed``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import engine
from engine._C import Tensor
from engine.distributions.bernoulli import Bernoulli
from engine.distributions.beta import Beta
from engine.distributions.binomial import Binomial
from engine.distributions.categorical import Categorical
from engine.distributions.cauchy import Cauchy
from engine.distributions.continuous_bernoulli import ContinuousBernoulli
from engine.distributions.dirichlet import Dirichlet
from engine.distributions.distribution import Distribution
from engine.distributions.exp_family import ExponentialFamily
from engine.distributions.exponential import Exponential
from engine.distributions.gamma import Gamma
from engine.distributions.geometric import Geometric
from engine.distributions.gumbel import Gumbel
from engine.distributions.half_normal import HalfNormal
from engine.distributions.independent import Independent
from engine.distributions.laplace import Laplace
from engine.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from engine.distributions.multivariate_normal import (
    MultivariateNormal,
    half_log_det,
    solve_lower,
)
from engine.distributions.normal import Normal
from engine.distributions.one_hot_categorical import OneHotCategorical
from engine.distributions.pareto import Pareto
from engine.distributions.poisson import Poisson
from engine.distributions.transformed_distribution import TransformedDistribution
from engine.distributions.transforms.base import sum_rightmost
from engine.distributions.uniform import Uniform
from engine.distributions.utils import EULER

Divergence = TypeVar("Divergence", bound=Callable[[Any, Any], Tensor])

__all__ = ["kl_divergence", "register_kl"]

_KL_REGISTRY: dict[tuple[type, type], Callable[[Any, Any], Tensor]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Divergence], Divergence]:
    """Decorates a function of ``(p, q)`` that gives the divergence of these types.

    Subclasses use the most specific registered pair; if two are equally specific, register the
    pair itself.

    >>> import engine
    >>> from engine.distributions import Normal, kl_divergence, register_kl
    >>> class Mine(Normal): ...
    >>> @register_kl(Mine, Mine)
    ... def kl_mine(p, q): return engine.tensor(0.0)
    >>> kl_divergence(Mine(0.0, 1.0), Mine(1.0, 1.0))
    tensor(0.)
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type) or not issubclass(kind, Distribution):
            raise TypeError(
                f"register_kl: argument '{name}': expected a subclass of Distribution, got {kind!r}"
            )

    def decorator(function: Divergence) -> Divergence:
        _KL_REGISTRY[type_p, type_q] = function
        return function

    return decorator


def _dispatched(type_p: type, type_q: type) -> Callable[[Any, Any], Tensor] | None:
    """The function of the most specific pair of base classes."""
    ranks = [
        (type_p.__mro__.index(p), type_q.__mro__.index(q), function)
        for (p, q), function in _KL_REGISTRY.items()
        if issubclass(type_p, p) and issubclass(type_q, q)
    ]
    if not ranks:
        return None
    by_p = min(ranks, key=lambda rank: (rank[0], rank[1]))
    by_q = min(ranks, key=lambda rank: (rank[1], rank[0]))
    if by_p[2] is not by_q[2]:
        warnings.warn(
            f"kl_divergence: two formulas are equally specific for {type_p.__name__} and "
            f"{type_q.__name__}; register_kl the pair itself",
            RuntimeWarning,
            stacklevel=3,
        )
    return by_p[2]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """The Kullback-Leibler divergence ``E_p[log p(x) - log q(x)]``, of the common batch shape.

    Raises NotImplementedError for pairs without a formula.

    >>> import engine
    >>> from engine.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    function = _dispatched(type(p), type(q))
    if function is None:
        raise NotImplementedError(
            f"kl_divergence: no formula for {type(p).__name__} and {type(q).__name__}"
        )
    return function(p, q)


def infinite_where(condition: Tensor, divergence: Tensor) -> Tensor:
    """The divergence, infinite where the support of p exceeds that of q."""
    return engine.where(condition, engine.inf, divergence)


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    def part(x: Tensor, y: Tensor) -> Tensor:
        return engine.xlogy(x, x) - engine.xlogy(x, y)

    both = part(p.probs, q.probs) + part(1 - p.probs, 1 - q.probs)
    impossible = ((q.probs == 0) & (p.probs > 0)) | ((q.probs == 1) & (p.probs < 1))
    return infinite_where(impossible, both)


@register_kl(Binomial, Binomial)
def _kl_binomial(p: Binomial, q: Binomial) -> Tensor:
    trial = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    same = p.total_count * trial
    if not (p.total_count < q.total_count).any():
        return infinite_where(p.total_count > q.total_count, same)
    # Other numbers of trials: the sum over all values.
    dims = max(len(p.batch_shape), len(q.batch_shape))
    n = int(p.total_count.max())
    values = engine.arange(n + 1, dtype=same.dtype, device=same.device).view(-1, *(1,) * dims)
    possible = values <= engine.minimum(p.total_count, q.total_count)
    kept = engine.where(possible, values, 0.0)
    ratio = _unchecked_log_prob(p, kept) - _unchecked_log_prob(q, kept)
    terms = _unchecked_log_prob(p, kept).exp() * ratio
    total = engine.where(possible, terms, 0.0).sum(0)
    return infinite_where(p.total_count > q.total_count, total)


def _unchecked_log_prob(distribution: Binomial, value: Tensor) -> Tensor:
    count, param = distribution.total_count, distribution.probs
    return Binomial(count, param, validate_args=False).log_prob(value)


@register_kl(Categorical, Categorical)
def _kl_categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    terms = engine.where(q.probs == 0, engine.inf, terms)
    return engine.where(p.probs == 0, 0.0, terms).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_one_hot(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _kl_categorical(p._categorical, q._categorical)


@register_kl(Geometric, Geometric)
def _kl_geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - engine.log1p(-q.probs) / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _kl_poisson(p: Poisson, q: Poisson) -> Tensor:
    divergence = engine.xlogy(p.rate, p.rate) - engine.xlogy(p.rate, q.rate) - (p.rate - q.rate)
    return infinite_where((q.rate == 0) & (p.rate > 0), divergence)


@register_kl(Normal, Normal)
def _kl_normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).square()
    distance = ((p.loc - q.loc) / q.scale).square()
    return 0.5 * (ratio + distance - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _kl_half_normal(p: HalfNormal, q: HalfNormal) -> Tensor:
    return _kl_normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _kl_laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return ratio * engine.exp(-distance / p.scale) + distance / q.scale - ratio.log() - 1


@register_kl(Cauchy, Cauchy)
def _kl_cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    """Of Chyzak and Nielsen, "A closed-form formula ..." (2019)."""
    squared = (p.scale + q.scale).square() + (p.loc - q.loc).square()
    return (squared / (4 * p.scale * q.scale)).log()


@register_kl(Exponential, Exponential)
def _kl_exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(Gamma, Gamma)
def _kl_gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    return (
        b * (p.rate / q.rate).log()
        + engine.lgamma(b)
        - engine.lgamma(a)
        + (a - b) * engine.digamma(a)
        + (q.rate - p.rate) * (a / p.rate)
    )


@register_kl(Beta, Beta)
def _kl_beta(p: Beta, q: Beta) -> Tensor:
    return _kl_dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    mean_log = engine.digamma(a) - engine.digamma(a.sum(-1, keepdim=True))
    return q._log_normalizer(b - 1) - p._log_normalizer(a - 1) + ((a - b) * mean_log).sum(-1)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl_continuous_bernoulli(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    mean_part = p.mean * (p.logits - q.logits)
    return (
        mean_part
        + p._log_constant()
        + engine.log1p(-p.probs)
        - q._log_constant()
        - engine.log1p(-q.probs)
    )


@register_kl(Gumbel, Gumbel)
def _kl_gumbel(p: Gumbel, q: Gumbel) -> Tensor:
    ratio, moved = p.scale / q.scale, (q.loc - p.loc) / q.scale
    exponent = engine.exp(moved + engine.lgamma(1 + ratio))
    return exponent - moved - ratio.log() + EULER * (ratio - 1) - 1


@register_kl(Pareto, Pareto)
def _kl_pareto(p: Pareto, q: Pareto) -> Tensor:
    ratio = q.alpha / p.alpha
    divergence = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return infinite_where(p.scale < q.scale, divergence)


@register_kl(Uniform, Uniform)
def _kl_uniform(p: Uniform, q: Uniform) -> Tensor:
    divergence = ((q.high - q.low) / (p.high - p.low)).log()
    return infinite_where((q.low > p.low) | (q.high < p.high), divergence)


def _check_sizes(p: Distribution, q: Distribution) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"kl_divergence: vectors of {p.event_shape[0]} and {q.event_shape[0]} elements"
        )


def _log_det(normal: Any) -> Tensor:
    if isinstance(normal, LowRankMultivariateNormal):
        return normal._log_det()
    return 2 * half_log_det(normal._unbroadcasted_scale_tril)


def _squared_distance(normal: Any, difference: Tensor) -> Tensor:
    if isinstance(normal, LowRankMultivariateNormal):
        return normal._squared_distance(difference)
    return solve_lower(normal._unbroadcasted_scale_tril, difference).square().sum(-1)


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _kl_multivariate_normal(p: Any, q: Any) -> Tensor:
    _check_sizes(p, q)
    trace = (q.precision_matrix * p.covariance_matrix).sum([-2, -1])
    distance = _squared_distance(q, q.loc - p.loc)
    return 0.5 * (_log_det(q) - _log_det(p) + trace + distance - p.event_shape[0])


@register_kl(Independent, Independent)
def _kl_independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "kl_divergence: Independent distributions with different reinterpreted_batch_ndims"
        )
    each = kl_divergence(p.base_dist, q.base_dist)
    return sum_rightmost(each, p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("kl_divergence: distributions transformed in different ways")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_exponential_family(p: ExponentialFamily, q: ExponentialFamily) -> Tensor:
    """The Bregman divergence of the log normalizer (Nielsen and Nock, 2010)."""
    if type(p) is not type(q):
        raise NotImplementedError(
            f"kl_divergence: no formula for {type(p).__name__} and {type(q).__name__}"
        )
    p_normalizer, p_params, gradients = p._normalizer_gradients()
    q_params = q._natural_params
    divergence = q._log_normalizer(*q_params) - p_normalizer
    for p_param, q_param, gradient in zip(p_params, q_params, gradients, strict=True):
        dims = p_param.dim() - p_normalizer.dim()
        divergence = divergence - sum_rightmost((q_param - p_param) * gradient, dims)
    return divergence
