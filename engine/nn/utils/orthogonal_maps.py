"""Maps onto orthogonal matrices that linalg lacks, and their inverses by LAPACK."""

from __future__ import annotations

from engine import _C
from engine._C import Tensor
from engine._lazy import linalg, numpy as np


def cayley(A: Tensor) -> Tensor:
    """(I - A/2)⁻¹ (I + A/2) of skew-symmetric matrices (..., n, n)."""
    identity = _C.eye(A.shape[-1], dtype=A.dtype, device=A.device)
    return linalg.solve(identity - A / 2, identity + A / 2)


def householder_vectors(Q: Tensor) -> Tensor:
    """The inverse of linalg.householder_product: reflectors for Q (..., n, k), with the signs on
    the diagonal."""
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
    """True if QᵀQ is the identity, up to some rounding errors."""
    n, k = Q.shape[-2:]
    gram = Q.transpose(-2, -1) @ Q
    identity = _C.eye(k, dtype=Q.dtype, device=Q.device)
    eps = float(np.finfo(str(Q.dtype).removeprefix("engine.")).eps)
    return float((gram - identity).abs().amax()) <= 10 * n * eps
