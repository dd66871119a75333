"""The F distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.gamma import Gamma, positive_sample
from engine.distributions.utils import broadcast_all


class FisherSnedecor(Distribution):
    """The quotient of two mean squares of ``df1`` and ``df2`` degrees of freedom.

    >>> import engine
    >>> engine.distributions.FisherSnedecor(1.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(
        self, df1: Tensor | float, df2: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(FisherSnedecor, batch_shape, _instance, "df1", "df2")

    @property
    def mean(self) -> Tensor:
        """nan where ``df2`` is at most 2."""
        return engine.where(self.df2 > 2, self.df2 / (self.df2 - 2), engine.nan)

    @property
    def mode(self) -> Tensor:
        """nan where ``df1`` is at most 2."""
        inner = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return engine.where(self.df1 > 2, inner, engine.nan)

    @property
    def variance(self) -> Tensor:
        """nan where ``df2`` is at most 4."""
        a, b = self.df1, self.df2
        finite = 2 * b.square() * (a + b - 2) / (a * (b - 2).square() * (b - 4))
        return engine.where(b > 4, finite, engine.nan)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        upper, lower = (
            Gamma(0.5 * df, 0.5 * df, validate_args=False).rsample(sample_shape)
            for df in (self.df1, self.df2)
        )
        return positive_sample(upper / lower)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        a, b, ratio = 0.5 * self.df1, 0.5 * self.df2, self.df1 / self.df2
        log_beta = engine.lgamma(a) + engine.lgamma(b) - engine.lgamma(a + b)
        density = a * ratio.log() + (a - 1) * value.log() - (a + b) * engine.log1p(ratio * value)
        return density - log_beta
