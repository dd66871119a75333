"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.gamma import Gamma
from engine.distributions.parametrization import BinaryParam, exactly_one
from engine.distributions.utils import broadcast_all
from engine.nn.functional import logsigmoid


class NegativeBinomial(BinaryParam, Distribution):
    """The number of successes of probability ``probs`` before ``total_count`` failures.

    ``total_count`` need not be a whole number. Given by ``probs`` or ``logits``.

    >>> import engine
    >>> engine.distributions.NegativeBinomial(3.0, 0.5).mean
    tensor(3.)
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Tensor | float,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = exactly_one("NegativeBinomial", probs=probs, logits=logits)
        count, self._param = broadcast_all(total_count, given)
        self.total_count = count.to(self._param.dtype)
        setattr(self, "logits" if probs is None else "probs", self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("total_count", "probs", "logits", "_param")
        return self._expanded(NegativeBinomial, batch_shape, _instance, *names)

    @property
    def mean(self) -> Tensor:
        return self.total_count * engine.exp(self.logits)

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.mean / engine.sigmoid(-self.logits)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with engine.no_grad():
            rate = Gamma(self.total_count, engine.exp(-self.logits), validate_args=False)
            return engine.poisson(rate.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        failures = self.total_count
        choices = (
            engine.lgamma(failures + value) - engine.lgamma(value + 1) - engine.lgamma(failures)
        )
        choices = choices.masked_fill(failures + value == 0, 0.0)
        return choices + failures * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
