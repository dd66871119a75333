"""The gamma distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor, _standard_gamma
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.exp_family import ExponentialFamily
from engine.distributions.utils import broadcast_all


def positive_sample(value: Tensor) -> Tensor:
    """Variates that underflowed to 0, as the smallest normal number; gradients are not changed."""
    return value + (engine.finfo(value.dtype).tiny - value.detach()).clamp(min=0)


class Gamma(ExponentialFamily):
    """The gamma distribution of shape ``concentration`` and ``rate``.

    Samples are differentiable by implicit reparametrisation (Figurnov, Mohamed and Mnih, 2018).

    >>> import engine
    >>> engine.distributions.Gamma(2.0, 4.0).mean
    tensor(0.5000)
    """

    arg_constraints: Any = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0.0

    def __init__(
        self,
        concentration: Tensor | float,
        rate: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.square()

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(Gamma, batch_shape, _instance, "concentration", "rate")

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        drawn = _standard_gamma(self.concentration.expand(shape))
        return positive_sample(drawn / self.rate.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        value = engine.as_tensor(value, dtype=self.rate.dtype, device=self.rate.device)
        return (
            engine.xlogy(self.concentration, self.rate)
            + engine.xlogy(self.concentration - 1, value)
            - self.rate * value
            - engine.lgamma(self.concentration)
        )

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return engine.igamma(self.concentration, self.rate * value)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - self.rate.log() + engine.lgamma(a) + (1 - a) * engine.digamma(a)

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        x, y = natural_params
        return engine.lgamma(x + 1) + (x + 1) * engine.log(-y.reciprocal())
