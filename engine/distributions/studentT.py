"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor, _standard_gamma
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.gamma import positive_sample
from engine.distributions.utils import broadcast_all, standard_normal


class StudentT(Distribution):
    """Student's t distribution of ``df`` degrees of freedom, shifted by ``loc`` and scaled.

    >>> import engine
    >>> engine.distributions.StudentT(3.0).variance
    tensor(3.)
    """

    arg_constraints = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self,
        df: Tensor | float,
        loc: Tensor | float = 0.0,
        scale: Tensor | float = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """nan where ``df`` is at most 1."""
        return engine.where(self.df > 1, self.loc, engine.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Infinite where ``df`` is at most 2, nan where it is at most 1."""
        finite = self.scale.square() * self.df / (self.df - 2)
        infinite = engine.where(self.df > 1, engine.inf, engine.nan)
        return engine.where(self.df > 2, finite, infinite.to(finite.dtype))

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(StudentT, batch_shape, _instance, "df", "loc", "scale")

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        half_df = self.df.expand(shape) / 2
        mean_square = positive_sample(_standard_gamma(half_df) / half_df)
        return self.loc + self.scale * standard_normal(shape, self.df) * mean_square.rsqrt()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        return -0.5 * (self.df + 1) * (z.square() / self.df).log1p() - self._log_normalizer()

    def _log_normalizer(self) -> Tensor:
        return (
            self.scale.log()
            + 0.5 * self.df.log()
            + 0.5 * math.log(math.pi)
            + engine.lgamma(0.5 * self.df)
            - engine.lgamma(0.5 * (self.df + 1))
        )

    def entropy(self) -> Tensor:
        half = 0.5 * (self.df + 1)
        return self._log_normalizer() + half * (
            engine.digamma(half) - engine.digamma(0.5 * self.df)
        )
