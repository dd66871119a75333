"""Transforms onto simplices and structured matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import engine
from engine._C import Size, Tensor
from engine.distributions import constraints
from engine.distributions.transforms.elementwise import _OfOneKind
from engine.distributions.utils import tril_matrix_to_vec, vec_to_tril_matrix
from engine.nn.functional import logsigmoid, pad


def _resized(name: str, shape: Sequence[int], change: int) -> Size:
    if len(shape) < 1:
        raise ValueError(f"{name}: expected at least one dimension, got shape ()")
    return Size((*shape[:-1], shape[-1] + change))


class SoftmaxTransform(_OfOneKind):
    """Softmax along the last dimension; not bijective, its inverse is the logarithm.

    >>> import engine
    >>> engine.distributions.SoftmaxTransform()(engine.zeros(2))
    tensor([0.5000, 0.5000])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        return engine.softmax(x, -1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return _resized("SoftmaxTransform", shape, 0)

    inverse_shape = forward_shape


class StickBreakingTransform(_OfOneKind):
    """Real vectors to the simplex of one dimension more, by stick breaking.

    >>> import engine
    >>> engine.distributions.StickBreakingTransform()(engine.zeros(2))
    tensor([0.3333, 0.3333, 0.3333])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    def _log_rest(self, like: Tensor) -> Tensor:
        """Logarithms of the number of remaining parts, so that 0 breaks off an equal share."""
        n = like.shape[-1]
        return engine.arange(n, 0, -1, dtype=like.dtype, device=like.device).log()

    def _call(self, x: Tensor) -> Tensor:
        part = engine.sigmoid(x - self._log_rest(x))
        rest = (1 - part).cumprod(-1)
        return pad(part, [0, 1], value=1) * pad(rest, [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        head = y[..., :-1]
        rest = (1 - head.cumsum(-1)).clamp(min=engine.finfo(y.dtype).tiny)
        return head.log() - rest.log() + self._log_rest(head)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        x = x - self._log_rest(x)
        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return _resized("StickBreakingTransform", shape, 1)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        return _resized("StickBreakingTransform", shape, -1)


class CorrCholeskyTransform(_OfOneKind):
    """Real vectors to Cholesky factors of correlation matrices (Stan's reference, 10.12).

    Vectors of n (n - 1) / 2 elements fill the triangle below the diagonal, as partial correlations.

    >>> import engine
    >>> engine.distributions.CorrCholeskyTransform()(engine.zeros(1))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        eps = engine.finfo(x.dtype).eps
        partial = vec_to_tril_matrix(x.tanh().clamp(-1 + eps, 1 - eps), diag=-1)
        rest = (1 - partial.square()).sqrt().cumprod(-1)
        diagonal = engine.eye(partial.shape[-1], dtype=x.dtype, device=x.device)
        return (partial + diagonal) * pad(rest[..., :-1], [1, 0], value=1)

    @staticmethod
    def _rest(y: Tensor) -> Tensor:
        """1 minus the cumulative sum of squares along each row."""
        return 1 - y.square().cumsum(-1)

    def _inverse(self, y: Tensor) -> Tensor:
        before = pad(self._rest(y)[..., :-1], [1, 0], value=1)
        partial = tril_matrix_to_vec(y, -1) / tril_matrix_to_vec(before, -1).sqrt()
        return engine.atanh(partial)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        breaking = tril_matrix_to_vec(self._rest(y), -2).log().sum(-1) / 2
        return breaking + 2 * (math.log(2.0) - x + logsigmoid(2 * x)).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """Raises ValueError if no triangle has that many elements."""
        if len(shape) < 1:
            raise ValueError("CorrCholeskyTransform: expected at least one dimension, got shape ()")
        size = round((0.25 + 2 * shape[-1]) ** 0.5 + 0.5)
        if size * (size - 1) // 2 != shape[-1]:
            raise ValueError(f"CorrCholeskyTransform: {shape[-1]} elements do not fill a triangle")
        return Size((*shape[:-1], size, size))

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        _check_square("CorrCholeskyTransform", shape)
        return Size((*shape[:-2], shape[-1] * (shape[-1] - 1) // 2))


def _check_square(name: str, shape: Sequence[int]) -> None:
    if len(shape) < 2 or shape[-2] != shape[-1]:
        raise ValueError(f"{name}: expected square matrices, got shape {tuple(shape)}")


class LowerCholeskyTransform(_OfOneKind):
    """Square matrices to lower triangular ones with positive diagonals.

    >>> import engine
    >>> engine.distributions.LowerCholeskyTransform()(engine.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(_OfOneKind):
    """Square matrices to positive definite ones, by their lower Cholesky factors.

    >>> import engine
    >>> engine.distributions.PositiveDefiniteTransform()(engine.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return LowerCholeskyTransform().inv(engine.linalg.cholesky(y))
