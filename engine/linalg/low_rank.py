"""Leading singular values or eigenvalues of large matrices, by products with the matrix."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor
from engine._limits import finfo
from engine.autograd.modes import no_grad
from engine.linalg import lapack
from engine.linalg.factorizations import cholesky, qr
from engine.linalg.spectral import eigh, svd
from engine.linalg.triangular import solve_triangular


def _basis(a: Tensor, q: int, niter: int) -> Tensor:
    """Orthonormal columns that nearly span the leading left singular vectors.

    Source: Halko, Martinsson and Tropp, "Finding structure with randomness" (2011), algorithm 4.4.
    """
    directions = _C.randn((a.shape[-1], q), dtype=a.dtype)
    found = qr(a @ directions).Q
    for _ in range(niter):
        found = qr(a @ qr(a.mT @ found).Q).Q
    return found


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """U, S and V of the ``q`` leading singular values of A (..., m, n), or of ``A - M``.

    A randomised approximation, exact if the rank is at most ``q``, that improves with ``niter``.

    >>> import engine
    >>> U, S, V = engine.svd_lowrank(engine.ones(4, 3), q=1)
    >>> S
    tensor([3.4641])
    """
    lapack.check_matrices("svd_lowrank", "A", A)
    q, niter = 6 if q is None else q, 2 if niter is None else niter
    if M is not None:
        A = A - M
    m, n = A.shape[-2:]
    if not 0 <= q <= min(m, n):
        raise ValueError(f"svd_lowrank: q: expected 0 to {min(m, n)}, got {q}")
    if niter < 0:
        raise ValueError(f"svd_lowrank: niter: expected 0 or more, got {niter}")
    if m < n:
        u, s, v = svd_lowrank(A.mT, q, niter)
        return v, s, u
    basis = _basis(A, q, niter)
    u, s, vh = svd(basis.mT @ A, full_matrices=False)
    return basis @ u, s, vh.mT


def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """U, S and V of the ``q`` leading principal components of the rows of A (..., m, n).

    The columns of V are the components, ``A @ V`` the rows' coordinates. ``q`` is 6 at most by
    default; with ``center`` the mean row is subtracted. See :func:`svd_lowrank`.

    >>> import engine
    >>> U, S, V = engine.pca_lowrank(engine.tensor([[1.0, 2.0], [3.0, 4.0]]), q=1)
    >>> S
    tensor([2.])
    """
    lapack.check_matrices("pca_lowrank", "A", A)
    limit = min(A.shape[-2:])
    q = min(6, limit) if q is None else q
    if not 0 <= q <= limit:
        raise ValueError(f"pca_lowrank: q: expected 0 to {limit}, got {q}")
    if niter < 0:
        raise ValueError(f"pca_lowrank: niter: expected 0 or more, got {niter}")
    mean = A.mean(-2, keepdim=True) if center else None
    return svd_lowrank(A, q, niter, mean)


def _orthonormal(s: Tensor, b: Tensor | None) -> Tensor:
    """A basis of the columns of ``s``, orthonormal under ``b``, without those that depend."""
    s = s / s.norm(dim=-2, keepdim=True).clamp_min(finfo(s.dtype).tiny)
    values, vectors = eigh(s.mT @ (s if b is None else b @ s))
    kept = values > values[-1] * s.shape[-1] * finfo(s.dtype).eps
    return s @ (vectors[:, kept] / values[kept].sqrt())


def _iterate(
    a: Tensor,
    b: Tensor | None,
    x: Tensor,
    k: int,
    ik: Tensor | None,
    niter: int,
    tol: float,
    largest: bool,
) -> tuple[Tensor, Tensor]:
    """Source: Knyazev, "Toward the optimal preconditioned eigensolver" (2001)."""
    sign = -1.0 if largest else 1.0
    norm_a, norm_b = a.norm(), 1.0 if b is None else b.norm()
    directions, values = x, x.new_zeros(0)
    for _ in range(niter + 1):
        basis = _orthonormal(_orthonormal(directions, b), b)
        values, vectors = eigh(basis.mT @ a @ basis * sign)
        values, chosen = values[: x.shape[1]] * sign, vectors[:, : x.shape[1]]
        found = basis @ chosen
        steps = found - x @ (x.mT @ (found if b is None else b @ found))
        x = found
        residual = a @ x - (x if b is None else b @ x) * values
        errors = residual.norm(dim=0) / ((norm_a + values.abs() * norm_b) * x.norm(dim=0))
        if bool((errors[:k] < tol).all()):
            break
        directions = _C.cat([x, residual if ik is None else ik @ residual, steps], 1)
    return values[:k], x[:, :k]


def _exact(a: Tensor, b: Tensor | None, k: int, largest: bool) -> tuple[Tensor, Tensor]:
    """By a decomposition, whose gradient is known."""
    if b is None:
        values, vectors = eigh(a)
    else:
        lower = cholesky(b)
        half = solve_triangular(lower, a, upper=False)
        values, vectors = eigh(solve_triangular(lower, half.mT, upper=False))
        vectors = solve_triangular(lower.mT, vectors, upper=True)
    if largest:
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values[..., :k], vectors[..., :k]


def lobpcg(
    A: Tensor,
    k: int | None = None,
    B: Tensor | None = None,
    X: Tensor | None = None,
    n: int | None = None,
    iK: Tensor | None = None,
    niter: int | None = None,
    tol: float | None = None,
    largest: bool | None = None,
    method: str | None = None,
    tracker: Any = None,
    ortho_iparams: dict[str, int] | None = None,
    ortho_fparams: dict[str, float] | None = None,
    ortho_bparams: dict[str, bool] | None = None,
) -> tuple[Tensor, Tensor]:
    """The ``k`` largest (or smallest) eigenvalues and eigenvectors of ``A x = e B x``.

    A (..., m, m) is symmetric, B symmetric positive definite, by default the identity. X (..., m,
    n) holds first guesses, drawn at random if it is None; iK is a preconditioner. It ends when the
    relative residuals are below ``tol`` (by default the root of the dtype's eps) or after ``niter``
    iterations (1000). There is one method, whatever ``method`` and the ``ortho_`` parameters say.
    If a gradient is required the eigenvectors are those of ``linalg.eigh``. Raises ValueError if m
    is less than 3 n.

    >>> import engine
    >>> values, vectors = engine.lobpcg(engine.diag(engine.arange(1.0, 9.0)), k=2)
    >>> values
    tensor([8.0000, 7.0000])
    """
    lapack.check_matrices("lobpcg", "A", A, square=True)
    if method not in (None, "basic", "ortho"):
        raise ValueError(f"lobpcg: method: expected 'basic' or 'ortho', got {method!r}")
    if tracker is not None:
        raise NotImplementedError("lobpcg: tracker is not implemented yet")
    k = (1 if X is None else X.shape[-1]) if k is None else k
    n = (k if X is None else X.shape[-1]) if n is None else n
    m, largest = A.shape[-1], largest is None or largest
    if m < 3 * n:
        raise ValueError(f"lobpcg: A: expected at least 3 * {n} rows, got {m}")
    if _C.is_grad_enabled() and (A.requires_grad or (B is not None and B.requires_grad)):
        return _exact(A, B, k, largest)
    tol = finfo(A.dtype).eps ** 0.5 if tol is None else tol
    X = _C.randn((*A.shape[:-1], n), dtype=A.dtype) if X is None else X
    if not A.shape[:-2]:
        with no_grad():
            return _iterate(A, B, X, k, iK, 1000 if niter is None else niter, tol, largest)
    each = [
        lobpcg(a, k, None if B is None else B.expand(A.shape)[i], x, None, iK, niter, tol, largest)
        for i, (a, x) in enumerate(zip(A, X.expand(*A.shape[:-1], n), strict=True))
    ]
    return _C.stack([values for values, _ in each]), _C.stack([vectors for _, vectors in each])
