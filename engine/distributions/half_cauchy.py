"""The half-Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.cauchy import Cauchy
from engine.distributions.distribution import Shape
from engine.distributions.transformed_distribution import TransformedDistribution
from engine.distributions.transforms import AbsTransform


class HalfCauchy(TransformedDistribution):
    """The absolute value of a Cauchy variate of location 0 and the given ``scale``.

    >>> import engine
    >>> engine.distributions.HalfCauchy(1.0).cdf(engine.tensor(1.0))
    tensor(0.5000)
    """

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    base_dist: Cauchy

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        base = Cauchy(0.0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, self._get_checked_instance(HalfCauchy, _instance))

    @property
    def scale(self) -> Tensor:
        """The scale of the underlying variate."""
        return self.base_dist.scale

    @property
    def mean(self) -> Tensor:
        return engine.full(self._extended_shape(), engine.inf, dtype=self.scale.dtype)

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    @property
    def mode(self) -> Tensor:
        return engine.zeros_like(self.scale)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        density = self.base_dist.log_prob(value) + math.log(2)
        return engine.where(value >= 0, density, -engine.inf)

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return engine.atan(value / self.scale) * (2 / math.pi)

    def icdf(self, value: Tensor) -> Tensor:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Tensor:
        return self.base_dist.entropy() - math.log(2)
