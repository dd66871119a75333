"""The Wishart distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.exp_family import ExponentialFamily
from engine.distributions.gamma import Gamma
from engine.distributions.multivariate_normal import (
    half_log_det,
    inverse_of_factored,
    precision_to_scale_tril,
)
from engine.distributions.parametrization import exactly_one
from engine.distributions.utils import as_float, lazy_property, standard_normal


def _mvdigamma(x: Tensor, p: int) -> Tensor:
    """The derivative of mvlgamma."""
    steps = engine.arange(p, dtype=x.dtype, device=x.device) / 2
    return engine.digamma(x.unsqueeze(-1) - steps).sum(-1)


class Wishart(ExponentialFamily):
    """The distribution of the scatter matrix of ``df`` normal vectors of mean 0.

    Exactly one of ``covariance_matrix``, its inverse ``precision_matrix`` and its lower Cholesky
    factor ``scale_tril`` is given. ``df`` need not be whole but must exceed n - 1.

    >>> import engine
    >>> engine.distributions.Wishart(engine.tensor(3.0), engine.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0.0

    def __init__(
        self,
        df: Tensor | float,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        matrix = exactly_one("Wishart", **given)
        name = next(key for key, value in given.items() if value is matrix)
        if matrix.dim() < 2 or matrix.shape[-1] != matrix.shape[-2]:
            raise ValueError(
                f"Wishart: {name}: expected square matrices, got shape {tuple(matrix.shape)}"
            )
        df, n = as_float(df).to(matrix.dtype), matrix.shape[-1]
        batch_shape = engine.broadcast_shapes(matrix.shape[:-2], df.shape)
        self.df = df.expand(batch_shape)
        if not (self.df > n - 1).all():
            raise ValueError(f"Wishart: df: expected more than {n - 1}, got {df}")
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        super().__init__(batch_shape, matrix.shape[-2:], validate_args=validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = engine.linalg.cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = precision_to_scale_tril(matrix)

    @property
    def arg_constraints(self) -> Mapping[str, constraints.Constraint]:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("df", "covariance_matrix", "scale_tril", "precision_matrix")
        new = self._expanded(Wishart, batch_shape, _instance, *names)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    @property
    def _n(self) -> int:
        return self._event_shape[-1]

    def _expanded_matrix(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._expanded_matrix(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance of the normal vectors."""
        factor = self._unbroadcasted_scale_tril
        return self._expanded_matrix(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._expanded_matrix(inverse_of_factored(self._unbroadcasted_scale_tril))

    def _matrix_df(self) -> Tensor:
        return self.df[..., None, None]

    @property
    def mean(self) -> Tensor:
        return self._matrix_df() * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        """nan where df is at most n + 1."""
        factor = self._matrix_df() - self._n - 1
        return engine.where(factor > 0, factor, engine.nan) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        diagonal = self.covariance_matrix.diagonal(dim1=-2, dim2=-1)
        outer = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._matrix_df() * (self.covariance_matrix.square() + outer)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        """Draws by the decomposition of Bartlett (1933)."""
        shape = self._extended_shape(sample_shape)
        steps = engine.arange(self._n, dtype=self.df.dtype, device=self.df.device)
        chi2 = Gamma((self.df.unsqueeze(-1) - steps) / 2, 0.5, validate_args=False)
        diagonal = chi2.rsample(sample_shape).sqrt().diag_embed()
        noise = diagonal + standard_normal(shape, self.df).tril(-1)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n, half_df, factor = self._n, self.df / 2, self._unbroadcasted_scale_tril
        identity = engine.eye(n, dtype=factor.dtype, device=factor.device)
        inverse = engine.linalg.solve_triangular(factor, identity, upper=False)
        trace = ((inverse @ value) * inverse).sum([-2, -1])
        log_det = engine.linalg.slogdet(value).logabsdet
        return (
            (half_df - (n + 1) / 2) * log_det
            - trace / 2
            - self.df * (n * math.log(2) / 2 + half_log_det(factor))
            - engine.mvlgamma(half_df, n)
        )

    def entropy(self) -> Tensor:
        n, half_df, factor = self._n, self.df / 2, self._unbroadcasted_scale_tril
        return (
            (n + 1) * (n * math.log(2) / 2 + half_log_det(factor))
            + engine.mvlgamma(half_df, n)
            - (half_df - (n + 1) / 2) * _mvdigamma(half_df, n)
            + half_df * n
        )

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return -self.precision_matrix / 2, (self.df - self._n - 1) / 2

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        matrix, half = natural_params
        half_df = half + (self._n + 1) / 2
        log_det = engine.linalg.slogdet(-2 * matrix).logabsdet
        log_normalizer = half_df * (self._n * math.log(2) - log_det)
        return log_normalizer + engine.mvlgamma(half_df, self._n)
