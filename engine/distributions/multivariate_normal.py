"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.parametrization import exactly_one
from engine.distributions.utils import lazy_property, standard_normal


def solve_lower(factor: Tensor, vectors: Tensor) -> Tensor:
    """``factor^-1 vectors`` of lower triangular factors, over broadcast batch dimensions.

    >>> import engine
    >>> from engine.distributions.multivariate_normal import solve_lower
    >>> solve_lower(2 * engine.eye(2), engine.ones(2))
    tensor([0.5000, 0.5000])
    """
    n = factor.shape[-1]
    if factor.dim() == 2:  # one factor for all
        columns = vectors.reshape(-1, n).T
        return engine.linalg.solve_triangular(factor, columns, upper=False).T.reshape(vectors.shape)
    solved = engine.linalg.solve_triangular(factor, vectors.unsqueeze(-1), upper=False)
    return solved.squeeze(-1)


def half_log_det(factor: Tensor) -> Tensor:
    """Half the log determinant of ``factor @ factor.mT``, of Cholesky factors."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def precision_to_scale_tril(precision: Tensor) -> Tensor:
    """The lower Cholesky factor of the inverse of ``precision``.

    >>> import engine
    >>> from engine.distributions.multivariate_normal import precision_to_scale_tril
    >>> precision_to_scale_tril(4 * engine.eye(2))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.5000]])
    """
    # Flipping the matrix in both dimensions, factoring it and flipping back gives the inverse of
    # the transposed factor.
    flipped = engine.linalg.cholesky(precision.flip(-2, -1))
    inverse_factor = flipped.flip(-2, -1).mT
    identity = engine.eye(precision.shape[-1], dtype=precision.dtype, device=precision.device)
    return engine.linalg.solve_triangular(inverse_factor, identity, upper=False)


def inverse_of_factored(factor: Tensor) -> Tensor:
    """The inverse of ``factor @ factor.mT``."""
    identity = engine.eye(factor.shape[-1], dtype=factor.dtype, device=factor.device)
    inverse = engine.linalg.solve_triangular(factor, identity, upper=False)
    return inverse.mT @ inverse


class MultivariateNormal(Distribution):
    """The normal distribution over vectors, of mean ``loc``.

    Exactly one of ``covariance_matrix``, its inverse ``precision_matrix`` and its lower Cholesky
    factor ``scale_tril`` is given.

    >>> import engine
    >>> normal = engine.distributions.MultivariateNormal(engine.zeros(2), engine.eye(2))
    >>> normal.log_prob(engine.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
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
        matrix = exactly_one("MultivariateNormal", **given)
        name = next(key for key, value in given.items() if value is matrix)
        if loc.dim() < 1:
            raise ValueError("MultivariateNormal: loc: expected at least one dim, got a 0-d tensor")
        if matrix.dim() < 2:
            raise ValueError(
                f"MultivariateNormal: {name}: expected matrices, got shape {tuple(matrix.shape)}"
            )
        if tuple(matrix.shape[-2:]) != 2 * (loc.shape[-1],):
            raise ValueError(
                f"MultivariateNormal: {name}: expected matrices of size {loc.shape[-1]}, as loc "
                f"has, got shape {tuple(matrix.shape)}"
            )
        batch_shape = engine.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        self.loc = loc.expand((*batch_shape, -1))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril: Tensor = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = engine.linalg.cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = precision_to_scale_tril(matrix)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("loc", "covariance_matrix", "scale_tril", "precision_matrix")
        new = self._expanded(MultivariateNormal, batch_shape, _instance, *names)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    def _expanded_matrix(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._expanded_matrix(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        factor = self._unbroadcasted_scale_tril
        return self._expanded_matrix(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._expanded_matrix(inverse_of_factored(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        squares = self._unbroadcasted_scale_tril.square().sum(-1)
        return squares.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._unbroadcasted_scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        factor, n = self._unbroadcasted_scale_tril, self._event_shape[0]
        distance = solve_lower(factor, value - self.loc).square().sum(-1)
        return -0.5 * (n * math.log(2 * math.pi) + distance) - half_log_det(factor)

    def entropy(self) -> Tensor:
        n = self._event_shape[0]
        half = half_log_det(self._unbroadcasted_scale_tril)
        return (0.5 * n * (1 + math.log(2 * math.pi)) + half).expand(self._batch_shape)
