"""Determinants."""

from __future__ import annotations

from typing import Any, NamedTuple

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine.autograd.function import Function
from engine.linalg import lapack
from engine.linalg.solvers import inv, inv_ex


class SignLogDet(NamedTuple):
    """The result of :func:`slogdet`."""

    sign: Tensor
    logabsdet: Tensor


class _Cofactors(Function):
    """The matrices of cofactors, also of singular matrices, by singular values."""

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        u, s, vh = np.linalg.svd(lapack.array(a))
        n = s.shape[-1]
        others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
        turn = np.linalg.det(u) * np.linalg.det(vh)
        return lapack.tensor(
            (turn[..., None, None] * u * others[..., None, :] @ vh).astype(s.dtype)
        )

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        raise RuntimeError(
            "linalg.det: the second gradient at a singular matrix is not implemented yet"
        )


class _Determinant(Function):
    """Gradient: Jacobi's formula."""

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        result = lapack.tensor(np.linalg.det(lapack.array(a)))
        ctx.save_for_backward(a, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        a, det = ctx.saved_tensors
        inverse, info = inv_ex(a)
        regular = (info == 0) & (det != 0)
        if regular.all():
            return (grad * det)[..., None, None] * inverse.mT
        singular = ~regular[..., None, None]
        safe = _C.where(singular, _C.eye(a.shape[-1], dtype=a.dtype), a)
        cofactors = _C.where(singular, _Cofactors.apply(a), det[..., None, None] * inv(safe).mT)
        return grad[..., None, None] * cofactors


def det(A: Tensor) -> Tensor:
    """The determinants of square matrices (..., n, n).

    >>> import engine
    >>> engine.linalg.det(engine.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2.)
    """
    lapack.check_matrices("linalg.det", "A", A, square=True)
    return _Determinant.apply(A)


class _SignLogDet(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        sign, log = map(lapack.tensor, np.linalg.slogdet(lapack.array(a)))
        ctx.save_for_backward(a)
        ctx.mark_non_differentiable(sign)
        return sign, log

    @staticmethod
    def backward(ctx: Any, _: Any, grad: Tensor) -> Tensor:
        (a,) = ctx.saved_tensors
        return grad[..., None, None] * inv_ex(a).inverse.mT


def slogdet(A: Tensor) -> SignLogDet:
    """The signs of determinants and the logarithms of their magnitudes, which may not overflow.

    Of a singular matrix the sign is 0 and the logarithm -inf.

    >>> import engine
    >>> engine.linalg.slogdet(-engine.eye(3)).sign
    tensor(-1.)
    """
    lapack.check_matrices("linalg.slogdet", "A", A, square=True)
    return SignLogDet(*_SignLogDet.apply(A))
