"""The Kumaraswamy distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.transformed_distribution import TransformedDistribution
from engine.distributions.transforms import AffineTransform, PowerTransform, Transform
from engine.distributions.uniform import Uniform
from engine.distributions.utils import EULER, broadcast_all


class Kumaraswamy(TransformedDistribution):
    """The distribution over (0, 1) with ``P(X <= x) = 1 - (1 - x^a)^b`` (Kumaraswamy, 1980).

    a is ``concentration1`` and b ``concentration0``.

    >>> import engine
    >>> engine.distributions.Kumaraswamy(1.0, 1.0).mean
    tensor(0.5000)
    """

    arg_constraints = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        zeros = engine.zeros_like(self.concentration0)
        base = Uniform(zeros, zeros + 1, validate_args=validate_args)
        super().__init__(base, self._steps(), validate_args=validate_args)

    def _steps(self) -> list[Transform]:
        return [
            PowerTransform(self.concentration0.reciprocal()),
            AffineTransform(1.0, -1.0),
            PowerTransform(self.concentration1.reciprocal()),
        ]

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Kumaraswamy, _instance)
        new.concentration1 = self.concentration1.expand(batch_shape)
        new.concentration0 = self.concentration0.expand(batch_shape)
        return super().expand(batch_shape, new)

    def _moment(self, order: int) -> Tensor:
        """The mean of ``x ** order``: b times the beta function of 1 + order / a and b."""
        a, b = 1 + order / self.concentration1, self.concentration0
        return b * engine.exp(engine.lgamma(a) + engine.lgamma(b) - engine.lgamma(a + b))

    @property
    def mean(self) -> Tensor:
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        """nan where a or b is below 1."""
        a, b = self.concentration1, self.concentration0
        inner = ((a - 1) / (a * b - 1)).pow(a.reciprocal())
        return engine.where((a < 1) | (b < 1), engine.nan, inner)

    @property
    def variance(self) -> Tensor:
        return self._moment(2) - self._moment(1).square()

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = engine.digamma(b + 1) + EULER
        return (1 - 1 / b) + (1 - 1 / a) * harmonic - a.log() - b.log()
