"""The half-normal distribution."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions.distribution import Shape
from engine.distributions.folded import Folded
from engine.distributions.normal import Normal


class HalfNormal(Folded):
    """The absolute value of a normal variate of location 0 and the given ``scale``.

    >>> import engine
    >>> engine.distributions.HalfNormal(1.0).log_prob(engine.tensor(0.0))
    tensor(-0.2258)
    """

    base_dist: Normal

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0.0, scale, validate_args=False), validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, self._get_checked_instance(HalfNormal, _instance))

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.square() * (1 - 2 / math.pi)

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return engine.erf(value / (self.scale * math.sqrt(2)))
