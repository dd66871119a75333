"""The Poisson distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.exp_family import ExponentialFamily
from engine.distributions.utils import broadcast_all


class Poisson(ExponentialFamily):
    """The number of events of a Poisson process of mean ``rate``.

    >>> import engine
    >>> engine.distributions.Poisson(1.0).log_prob(engine.tensor(2.0))
    tensor(-1.6931)
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Tensor | float, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        return self.rate

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(Poisson, batch_shape, _instance, "rate")

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with engine.no_grad():
            return engine.poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return engine.xlogy(value, rate) - rate - engine.lgamma(value + 1)

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (engine.log(self.rate),)

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        return engine.exp(natural_params[0])
