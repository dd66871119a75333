"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.transformed_distribution import TransformedDistribution
from engine.distributions.transforms import AffineTransform, ExpTransform, Transform
from engine.distributions.uniform import Uniform
from engine.distributions.utils import EULER, broadcast_all


class Gumbel(TransformedDistribution):
    """The distribution of the largest of many variates (Gumbel, 1935).

    >>> import engine
    >>> engine.distributions.Gumbel(0.0, 1.0).log_prob(engine.tensor(0.0))
    tensor(-1.)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = engine.finfo(self.loc.dtype)
        low = engine.full_like(self.loc, limits.tiny)
        high = engine.full_like(self.loc, 1 - limits.eps)
        base = Uniform(low, high, validate_args=False)
        super().__init__(base, self._steps(), validate_args=validate_args)

    def _steps(self) -> list[Transform]:
        """From uniform u to loc - scale * log(-log(u))."""
        return [
            ExpTransform().inv,
            AffineTransform(0, -engine.ones_like(self.scale)),
            ExpTransform().inv,
            AffineTransform(self.loc, -self.scale),
        ]

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Gumbel, _instance)
        new.loc, new.scale = self.loc.expand(batch_shape), self.scale.expand(batch_shape)
        expanded = super().expand(batch_shape, new)
        expanded.transforms = new._steps()
        return expanded

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z = (self.loc - value) / self.scale
        return z - z.exp() - self.scale.log()

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev.square()

    def entropy(self) -> Tensor:
        return self.scale.log() + (1 + EULER)
