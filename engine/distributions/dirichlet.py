"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor, _log_standard_gamma
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.exp_family import ExponentialFamily


class Dirichlet(ExponentialFamily):
    """The distribution over points of the simplex, whose last dimension is ``concentration``'s.

    >>> import engine
    >>> engine.distributions.Dirichlet(engine.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True
    _mean_carrier_measure = 0.0

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError(
                "Dirichlet: concentration: expected at least one dim, got a 0-d tensor"
            )
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(Dirichlet, batch_shape, _instance, "concentration")

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        # Gamma variates divided by their sum, by logarithms, since small ones underflow.
        shape = self._extended_shape(sample_shape)
        return engine.softmax(_log_standard_gamma(self.concentration.expand(shape)), -1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        a = self.concentration
        return engine.xlogy(a - 1, value).sum(-1) - self._log_normalizer(a - 1)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        """The corner of the largest concentration where none exceeds 1."""
        excess = (self.concentration - 1).clamp(min=0)
        inner = excess / excess.sum(-1, True)
        corners = engine.nn.functional.one_hot(
            self.concentration.argmax(-1), self.concentration.shape[-1]
        )
        flat = (self.concentration < 1).all(-1, True)
        return engine.where(flat, corners.to(inner.dtype), inner)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, True)
        mean = self.concentration / total
        return mean * (1 - mean) / (total + 1)

    def entropy(self) -> Tensor:
        a, k = self.concentration, self.concentration.shape[-1]
        total = a.sum(-1)
        return (
            self._log_normalizer(a - 1)
            - (k - total) * engine.digamma(total)
            - ((a - 1) * engine.digamma(a)).sum(-1)
        )

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.concentration - 1,)

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        a = natural_params[0] + 1
        return engine.lgamma(a).sum(-1) - engine.lgamma(a.sum(-1))
