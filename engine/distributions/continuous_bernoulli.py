"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.exp_family import ExponentialFamily
from engine.distributions.parametrization import BinaryParam, exactly_one
from engine.distributions.utils import broadcast_all, clamp_probs, open_uniform
from engine.nn.functional import binary_cross_entropy_with_logits


class ContinuousBernoulli(BinaryParam, ExponentialFamily):
    """The density proportional to ``p^x (1 - p)^(1 - x)`` over [0, 1] (Loaiza-Ganem, 2019).

    Given by ``probs`` p or ``logits``. For p inside ``lims``, where the formulas divide small
    numbers, their Taylor series around a half are used.

    >>> import engine
    >>> engine.distributions.ContinuousBernoulli(0.5).mean
    tensor(0.5000)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0.0

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        given = exactly_one("ContinuousBernoulli", probs=probs, logits=logits)
        (self._param,) = broadcast_all(given)
        self._lims = lims
        if probs is None:
            self.logits = self._param
        else:
            if validate_args and not constraints.unit_interval.check(self._param).all():
                raise ValueError(
                    f"ContinuousBernoulli: probs: expected from 0 to 1, got {self._param}"
                )
            self._param = self.probs = clamp_probs(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("probs", "logits", "_param")
        new = self._expanded(ContinuousBernoulli, batch_shape, _instance, *names)
        new._lims = self._lims
        return new

    def _stable(self) -> Tensor:
        """A mask of the probabilities outside ``lims``, where the exact formulas are stable."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut_probs(self) -> Tensor:
        """probs, replaced by a safe number where the formulas can't be used."""
        return engine.where(self._stable(), self.probs, self._lims[0])

    def _log_constant(self) -> Tensor:
        """The logarithm of the factor that makes the density integrate to 1."""
        cut = self._cut_probs()
        odds = 1 - 2 * cut
        exact = engine.log(2 * engine.atanh(odds) / odds)
        square = (self.probs - 0.5).square()
        taylor = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * square) * square
        return engine.where(self._stable(), exact, taylor)

    @property
    def mean(self) -> Tensor:
        cut = self._cut_probs()
        exact = cut / (2 * cut - 1) + 1 / (engine.log1p(-cut) - engine.log(cut))
        x = self.probs - 0.5
        taylor = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.square()) * x
        return engine.where(self._stable(), exact, taylor)

    @property
    def variance(self) -> Tensor:
        cut = self._cut_probs()
        exact = cut * (cut - 1) / (1 - 2 * cut).square()
        exact = exact + 1 / (engine.log1p(-cut) - engine.log(cut)).square()
        square = (self.probs - 0.5).square()
        taylor = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * square) * square
        return engine.where(self._stable(), exact, taylor)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        return self.icdf(open_uniform(self._extended_shape(sample_shape), self.probs))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        loss = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return self._log_constant() - loss

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        cut = self._cut_probs()
        power = engine.pow(cut, value) * engine.pow(1 - cut, 1 - value)
        exact = (power + cut - 1) / (2 * cut - 1)
        return engine.where(self._stable(), exact, value).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        cut = self._cut_probs()
        ratio = engine.log1p(value * (2 * cut - 1) / (1 - cut))
        exact = ratio / (engine.log(cut) - engine.log1p(-cut))
        return engine.where(self._stable(), exact, value)

    def entropy(self) -> Tensor:
        q, p = engine.log1p(-self.probs), engine.log(self.probs)
        return self.mean * (q - p) - self._log_constant() - q

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.logits,)

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        """log((exp(x) - 1) / x), by its Taylor series around 0."""
        (x,) = natural_params
        stable = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = engine.where(stable, x, self._lims[0] - 0.5)
        exact = engine.log((engine.expm1(cut) / cut).abs())
        square = x.square()
        return engine.where(stable, exact, 0.5 * x + square / 24.0 - square.square() / 2880.0)
