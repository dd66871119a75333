"""Differentiable maps onto orthogonal matrices, and their inverses by LAPACK."""

from __future__ import annotations

import math
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine.autograd import Function

# With a norm of 1/2 at most, the terms left out are below float64's resolution.
_TAYLOR_TERMS = 14


def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of square matrices (..., n, n), by scaling, Taylor's series and squaring."""
    norm = float(A.detach().abs().sum(-1).amax()) if A.numel() else 0.0
    squarings = max(0, math.ceil(math.log2(norm)) + 1) if norm > 0 else 0
    A = A / 2**squarings
    identity = _C.eye(A.shape[-1], dtype=A.dtype, device=A.device)
    result = identity + A / _TAYLOR_TERMS
    for k in range(_TAYLOR_TERMS - 1, 0, -1):
        result = identity + A @ result / k
    for _ in range(squarings):
        result = result @ result
    return result


def cayley(A: Tensor) -> Tensor:
    """(I - A/2)⁻¹ (I + A/2) of skew-symmetric matrices (..., n, n)."""
    identity = _C.eye(A.shape[-1], dtype=A.dtype, device=A.device)
    return _Solve.apply(identity - A / 2, identity + A / 2)


def _numpy_solve(A: Tensor, B: Tensor) -> Tensor:
    return _C.from_numpy(np.linalg.solve(A.detach().numpy(), B.detach().numpy()))


class _Solve(Function):
    @staticmethod
    def forward(ctx: Any, A: Tensor, B: Tensor) -> Tensor:
        X = _numpy_solve(A, B)
        ctx.save_for_backward(A, X)
        return X

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        A, X = ctx.saved_tensors
        right = _Solve.apply(A.transpose(-2, -1), grad)
        return -right @ X.transpose(-2, -1), right


def householder_product(reflectors: Tensor, tau: Tensor) -> Tensor:
    """The first k columns of H_1 H_2 … H_k with H_i = I - tau_i v_i v_iᵀ.

    v_i is column i of ``reflectors`` (..., n, k) below its diagonal, with a 1 on it.
    """
    n, k = reflectors.shape[-2:]
    identity = _C.eye(n, k, dtype=reflectors.dtype, device=reflectors.device)
    vectors = reflectors + identity
    result = identity.expand(reflectors.shape)
    for i in range(k - 1, -1, -1):
        v = vectors[..., i : i + 1]
        scale = tau[..., i : i + 1].unsqueeze(-1)
        result = result - scale * v @ (v.transpose(-2, -1) @ result)
    return result


def householder_vectors(Q: Tensor) -> Tensor:
    """The inverse of householder_product: reflectors for Q (..., n, k), signs on the diagonal."""
    n, k = Q.shape[-2:]
    batch = np.ascontiguousarray(Q.detach().numpy()).reshape(-1, n, k)
    packed = np.empty_like(batch)
    for out, matrix in zip(packed, batch, strict=True):
        raw, tau = np.linalg.qr(matrix, mode="raw")
        out[...] = raw.T
        signs = np.sign(np.diagonal(out))
        # LAPACK skips a reflection with tau 0, whose forward map is -1 on the diagonal.
        np.fill_diagonal(out, np.where(tau == 0.0, -signs, signs))
    return _C.from_numpy(packed.reshape(Q.shape))


def completed(Q: Tensor) -> Tensor:
    """A square orthogonal matrix whose first columns span Q's (..., n, k), n ≥ k; Q itself where
    it is square and orthogonal already."""
    n, k = Q.shape[-2:]
    if n == k and is_orthogonal(Q):
        return Q.clone()
    extra = _C.randn(*Q.shape[:-1], n - k, dtype=Q.dtype, device=Q.device)
    square = _C.cat([Q, extra], -1)
    q, r = np.linalg.qr(square.detach().numpy())
    signs = np.sign(np.diagonal(r, axis1=-2, axis2=-1))
    return _C.from_numpy(np.ascontiguousarray(q * signs[..., None, :]))


def is_orthogonal(Q: Tensor) -> bool:
    """Whether QᵀQ is the identity, up to some rounding errors."""
    n, k = Q.shape[-2:]
    gram = Q.transpose(-2, -1) @ Q
    identity = _C.eye(k, dtype=Q.dtype, device=Q.device)
    eps = float(np.finfo(str(Q.dtype).removeprefix("engine.")).eps)
    return float((gram - identity).abs().amax()) <= 10 * n * eps
