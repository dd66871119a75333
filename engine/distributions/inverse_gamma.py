"""The inverse gamma distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.gamma import Gamma
from engine.distributions.transformed_distribution import TransformedDistribution
from engine.distributions.transforms import PowerTransform


class InverseGamma(TransformedDistribution):
    """The reciprocal of a gamma variate of shape ``concentration`` and ``rate``.

    >>> import engine
    >>> engine.distributions.InverseGamma(3.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True
    base_dist: Gamma

    def __init__(
        self,
        concentration: Tensor | float,
        rate: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        reciprocal = PowerTransform(-engine.ones_like(base.rate))
        super().__init__(base, reciprocal, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, self._get_checked_instance(InverseGamma, _instance))

    @property
    def concentration(self) -> Tensor:
        """The shape of the gamma distribution."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Tensor:
        """The rate of the gamma distribution."""
        return self.base_dist.rate

    @property
    def mean(self) -> Tensor:
        """Infinite where the concentration is at most 1."""
        a = self.concentration
        return engine.where(a > 1, self.rate / (a - 1), engine.inf)

    @property
    def mode(self) -> Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        """Infinite where the concentration is at most 2."""
        a = self.concentration
        finite = self.rate.square() / ((a - 1).square() * (a - 2))
        return engine.where(a > 2, finite, engine.inf)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a + self.rate.log() + engine.lgamma(a) - (1 + a) * engine.digamma(a)
