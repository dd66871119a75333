"""The Concrete relaxation of the Bernoulli distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.parametrization import BinaryParam, exactly_one
from engine.distributions.transformed_distribution import TransformedDistribution
from engine.distributions.transforms import SigmoidTransform
from engine.distributions.utils import broadcast_all, clamp_probs
from engine.nn.functional import softplus


class LogitRelaxedBernoulli(BinaryParam, Distribution):
    """The logits of :class:`RelaxedBernoulli` (Maddison, Mnih and Teh, 2017).

    >>> import engine
    >>> from engine.distributions.relaxed_bernoulli import LogitRelaxedBernoulli
    >>> LogitRelaxedBernoulli(engine.tensor(1.0), probs=0.5).log_prob(engine.tensor(0.0))
    tensor(-1.3863)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real

    def __init__(
        self,
        temperature: Tensor | float,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        given = exactly_one("LogitRelaxedBernoulli", probs=probs, logits=logits)
        (self._param,) = broadcast_all(given)
        setattr(self, "logits" if probs is None else "probs", self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("probs", "logits", "_param")
        new = self._expanded(LogitRelaxedBernoulli, batch_shape, _instance, *names)
        new.temperature = self.temperature
        return new

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        noise = clamp_probs(engine.rand(shape, dtype=probs.dtype, device=probs.device))
        return (engine.logit(noise) + engine.logit(probs)) / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        moved = logits - value * self.temperature
        log_temperature = engine.log(engine.as_tensor(self.temperature))
        return log_temperature + moved - 2 * softplus(moved)


class RelaxedBernoulli(TransformedDistribution):
    """Values in (0, 1) that approach Bernoulli variates as ``temperature`` decreases to 0.

    >>> import engine
    >>> relaxed = engine.distributions.RelaxedBernoulli(engine.tensor(0.5), probs=0.3)
    >>> bool(0 < relaxed.rsample() < 1)
    True
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    base_dist: LogitRelaxedBernoulli

    def __init__(
        self,
        temperature: Tensor | float,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, self._get_checked_instance(RelaxedBernoulli, _instance))

    @property
    def temperature(self) -> Tensor | float:
        """The temperature: samples approach 0 and 1 as it decreases."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Tensor:
        """The log-odds of 1."""
        return self.base_dist.logits

    @property
    def probs(self) -> Tensor:
        """The probability of 1."""
        return self.base_dist.probs
