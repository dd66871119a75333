"""The multivariate normal distribution with a covariance of low rank plus a diagonal."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Size, Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.multivariate_normal import half_log_det, solve_lower
from engine.distributions.utils import lazy_property, standard_normal


def _capacitance_tril(factor: Tensor, diagonal: Tensor) -> Tensor:
    """The Cholesky factor of ``I + W^T D^-1 W``, of the size of the rank."""
    weighted = factor.mT / diagonal.unsqueeze(-2)
    identity = engine.eye(factor.shape[-1], dtype=factor.dtype, device=factor.device)
    return engine.linalg.cholesky(identity + weighted @ factor)


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of covariance ``cov_factor @ cov_factor.mT + diag(cov_diag)``.

    Densities cost what matrices of the rank of ``cov_factor`` (n, rank) cost, by Woodbury's
    identity and the matrix determinant lemma.

    >>> import engine
    >>> factor, diagonal = engine.tensor([[1.0], [0.0]]), engine.ones(2)
    >>> normal = engine.distributions.LowRankMultivariateNormal(engine.zeros(2), factor, diagonal)
    >>> normal.covariance_matrix
    tensor([[2., 0.],
            [0., 1.]])
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        cov_factor: Tensor,
        cov_diag: Tensor,
        validate_args: bool | None = None,
    ) -> None:
        n = self._checked_size(loc, cov_factor, cov_diag)
        batch_shape = engine.broadcast_shapes(
            loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1]
        )
        self.loc = loc.expand((*batch_shape, n))
        self.cov_factor = cov_factor.expand((*batch_shape, n, -1))
        self.cov_diag = cov_diag.expand((*batch_shape, n))
        self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag = cov_factor, cov_diag
        self._capacitance_tril = _capacitance_tril(cov_factor, cov_diag)
        super().__init__(batch_shape, Size([n]), validate_args=validate_args)

    @staticmethod
    def _checked_size(loc: Tensor, cov_factor: Tensor, cov_diag: Tensor) -> int:
        name = "LowRankMultivariateNormal"
        if loc.dim() < 1:
            raise ValueError(f"{name}: loc: expected at least one dim, got a 0-d tensor")
        n = loc.shape[-1]
        if cov_factor.dim() < 2 or cov_factor.shape[-2] != n:
            raise ValueError(
                f"{name}: cov_factor: expected matrices of {n} rows, got shape "
                f"{tuple(cov_factor.shape)}"
            )
        if cov_diag.dim() < 1 or cov_diag.shape[-1] != n:
            raise ValueError(
                f"{name}: cov_diag: expected vectors of {n}, got shape {tuple(cov_diag.shape)}"
            )
        return n

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("loc", "cov_diag", "cov_factor")
        new = self._expanded(LowRankMultivariateNormal, batch_shape, _instance, *names)
        new._unbroadcasted_cov_factor = self._unbroadcasted_cov_factor
        new._unbroadcasted_cov_diag = self._unbroadcasted_cov_diag
        new._capacitance_tril = self._capacitance_tril
        return new

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        squares = self._unbroadcasted_cov_factor.square().sum(-1) + self._unbroadcasted_cov_diag
        return squares.expand(self._batch_shape + self._event_shape)

    def _expanded_matrix(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        # D^1/2 times the factor of I + D^-1/2 W W^T D^-1/2, whose condition is better.
        deviation = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        scaled = self._unbroadcasted_cov_factor / deviation
        identity = engine.eye(self._event_shape[0], dtype=scaled.dtype, device=scaled.device)
        return self._expanded_matrix(
            deviation * engine.linalg.cholesky(identity + scaled @ scaled.mT)
        )

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        factor = self._unbroadcasted_cov_factor
        return self._expanded_matrix(factor @ factor.mT + self._unbroadcasted_cov_diag.diag_embed())

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        weighted = self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)
        part = engine.linalg.solve_triangular(self._capacitance_tril, weighted, upper=False)
        diagonal = self._unbroadcasted_cov_diag.reciprocal().diag_embed()
        return self._expanded_matrix(diagonal - part.mT @ part)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        rank = self._unbroadcasted_cov_factor.shape[-1]
        common = standard_normal(Size((*shape[:-1], rank)), self.loc)
        moved = self._unbroadcasted_cov_factor @ common.unsqueeze(-1)
        own = self._unbroadcasted_cov_diag.sqrt() * standard_normal(shape, self.loc)
        return self.loc + moved.squeeze(-1) + own

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = self._squared_distance(value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + self._log_det() + distance)

    def _squared_distance(self, difference: Tensor) -> Tensor:
        """Mahalanobis' squared distance of 0."""
        weighted = self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)
        projected = (weighted @ difference.unsqueeze(-1)).squeeze(-1)
        direct = (difference.square() / self._unbroadcasted_cov_diag).sum(-1)
        return direct - solve_lower(self._capacitance_tril, projected).square().sum(-1)

    def _log_det(self) -> Tensor:
        """The log determinant of the covariance."""
        return 2 * half_log_det(self._capacitance_tril) + self._unbroadcasted_cov_diag.log().sum(-1)

    def entropy(self) -> Tensor:
        constant = self._event_shape[0] * (1 + math.log(2 * math.pi))
        return (0.5 * (constant + self._log_det())).expand(self._batch_shape)
