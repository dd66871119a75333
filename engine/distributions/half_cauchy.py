"""The half-Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions.cauchy import Cauchy
from engine.distributions.distribution import Shape
from engine.distributions.folded import Folded


class HalfCauchy(Folded):
    """The absolute value of a Cauchy variate of location 0 and the given ``scale``.

    >>> import engine
    >>> engine.distributions.HalfCauchy(1.0).cdf(engine.tensor(1.0))
    tensor(0.5000)
    """

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0.0, scale, validate_args=False), validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, self._get_checked_instance(HalfCauchy, _instance))

    @property
    def mean(self) -> Tensor:
        return engine.full(self._extended_shape(), engine.inf, dtype=self.scale.dtype)

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return engine.atan(value / self.scale) * (2 / math.pi)
