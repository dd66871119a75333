"""The LKJ distribution of correlation matrices, by their Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Size, Tensor
from engine.distributions import constraints
from engine.distributions.beta import Beta
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.utils import broadcast_all, standard_normal


class LKJCholesky(Distribution):
    """Lower Cholesky factors of correlation matrices of size ``dim``.

    The matrices have a density proportional to ``det(M) ** (concentration - 1)`` (Lewandowski,
    Kurowicka and Joe, 2009); samples are drawn by the onion method.

    >>> import engine
    >>> engine.distributions.LKJCholesky(3, 0.5).sample().shape
    Size([3, 3])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(
        self,
        dim: int,
        concentration: Tensor | float = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        if dim < 2:
            raise ValueError(f"LKJCholesky: dim: expected 2 or more, got {dim}")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        shape = self.concentration.shape
        # Row k of the factor has a squared length below the diagonal of Beta(k / 2, ...).
        row = engine.arange(dim, dtype=self.concentration.dtype, device=self.concentration.device)
        used = (row - 1).clamp(min=0)
        marginal = (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1)
        self._beta = Beta(used / 2 + 0.5, marginal - used / 2)
        super().__init__(shape, Size((dim, dim)), validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(LKJCholesky, _instance)
        new.dim = self.dim
        new.concentration = self.concentration.expand(batch_shape)
        new._beta = self._beta.expand((*batch_shape, self.dim))
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with engine.no_grad():
            squares = self._beta.sample(sample_shape).unsqueeze(-1)
            shape = self._extended_shape(sample_shape)
            directions = standard_normal(shape, self.concentration).tril(-1)
            lengths = directions.square().sum(-1, keepdim=True).sqrt()
            # The first row has nothing below the diagonal.
            directions = engine.where(lengths > 0, directions / lengths, 0.0)
            below = squares.sqrt() * directions
            tiny = engine.finfo(below.dtype).tiny
            diagonal = (1 - below.square().sum(-1)).clamp(min=tiny).sqrt()
            return below + diagonal.diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-2, dim2=-1)[..., 1:]
        row = engine.arange(2, self.dim + 1, dtype=value.dtype, device=value.device)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - row
        return (order * diagonal.log()).sum(-1) - self._log_normalizer()

    def _log_normalizer(self) -> Tensor:
        """On page 1999 of the paper."""
        n = self.dim - 1
        alpha = self.concentration + 0.5 * n
        gammas = engine.mvlgamma(alpha - 0.5, n) - engine.lgamma(alpha) * n
        return 0.5 * n * math.log(math.pi) + gammas
