"""The generalized Pareto distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.utils import broadcast_all


class GeneralizedPareto(Distribution):
    """The distribution of excesses over a threshold ``loc`` (Pickands, 1975).

    ``P(X > x) = (1 + concentration * z) ** (-1 / concentration)`` of ``z = (x - loc) / scale``,
    which is ``exp(-z)`` for concentration 0.

    >>> import engine
    >>> engine.distributions.GeneralizedPareto(0.0, 1.0, 0.5).mean
    tensor(2.)
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        concentration: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("loc", "scale", "concentration")
        return self._expanded(GeneralizedPareto, batch_shape, _instance, *names)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        end = self.loc - self.scale / self.concentration
        upper = engine.where(self.concentration < 0, end, engine.inf)
        return constraints.interval(self.loc, upper)

    def _shape(self) -> tuple[Tensor, Tensor]:
        """A mask of concentrations that are 0, and the concentrations with 1 in their stead."""
        flat = self.concentration.abs() <= engine.finfo(self.concentration.dtype).tiny
        return flat, engine.where(flat, 1.0, self.concentration)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(engine.rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z, (flat, xi) = (value - self.loc) / self.scale, self._shape()
        power = (1 + 1 / xi) * engine.log1p(xi * z)
        return -self.scale.log() - engine.where(flat, z, power)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The logarithm of ``1 - cdf``."""
        if self._validate_args:
            self._validate_sample(value)
        z, (flat, xi) = (value - self.loc) / self.scale, self._shape()
        return -engine.where(flat, z, engine.log1p(xi * z) / xi)

    def cdf(self, value: Tensor) -> Tensor:
        return -engine.expm1(self.log_survival_function(value))

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of ``cdf``."""
        return self.cdf(value).log()

    def icdf(self, value: Tensor) -> Tensor:
        flat, xi = self._shape()
        log_survival = engine.log1p(-value)
        z = engine.where(flat, -log_survival, engine.expm1(-xi * log_survival) / xi)
        return self.loc + self.scale * z

    @property
    def mean(self) -> Tensor:
        """Infinite where the concentration is 1 or more."""
        xi = self.concentration
        return engine.where(xi < 1, self.loc + self.scale / (1 - xi), engine.inf)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Infinite where the concentration is a half or more."""
        xi = self.concentration
        finite = self.scale.square() / ((1 - xi).square() * (1 - 2 * xi))
        return engine.where(xi < 0.5, finite, engine.inf)

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1
