"""Eigenvalues and singular values, and their gradients."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine.autograd.function import Function
from engine.linalg import lapack
from engine.linalg.factorizations import symmetric_part


class EigenDecomposition(NamedTuple):
    """The result of :func:`eigh`."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVD(NamedTuple):
    """The result of :func:`svd`."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class OldSVD(NamedTuple):
    """The result of ``engine.svd``."""

    U: Tensor
    S: Tensor
    V: Tensor


def _differences(values: Tensor) -> Tensor:
    """``values[j] - values[i]``, and 1 on the diagonal."""
    gaps = values.unsqueeze(-2) - values.unsqueeze(-1)
    return gaps + _C.eye(values.shape[-1], dtype=values.dtype)


def _scaled(columns: Tensor, by: Tensor) -> Tensor:
    """Columns times the elements of a vector each."""
    return columns * by.unsqueeze(-2)


class _Eigh(Function):
    """Gradient: Giles (2008); infinite for eigenvectors of equal eigenvalues."""

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = lapack.run("linalg.eigh", np.linalg.eigh, lapack.array(a))
        results = lapack.tensor(values), lapack.tensor(vectors)
        ctx.save_for_backward(*results)
        ctx.set_materialize_grads(False)
        return results

    @staticmethod
    def backward(ctx: Any, grad_values: Tensor | None, grad_vectors: Tensor | None) -> Any:
        values, vectors = ctx.saved_tensors
        if grad_values is None and grad_vectors is None:
            return None
        result = None
        if grad_values is not None:
            result = _scaled(vectors, grad_values) @ vectors.mT
        if grad_vectors is not None:
            inner = (vectors.mT @ grad_vectors) / _differences(values)
            inner = inner - inner.diagonal(dim1=-2, dim2=-1).diag_embed()
            part = vectors @ inner @ vectors.mT
            result = part if result is None else result + part
        return symmetric_part(result)  # type: ignore[arg-type]


def _check_triangle(function: str, uplo: str) -> bool:
    """Parses UPLO: True for the upper triangle."""
    if uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"{function}: UPLO: expected 'L' or 'U', got {uplo!r}")
    return uplo.upper() == "U"


def eigh(A: Tensor, UPLO: str = "L") -> EigenDecomposition:
    """Eigenvalues in ascending order and orthonormal eigenvectors, the columns, of symmetric A.

    Only the triangle that ``UPLO`` names is read. The signs of eigenvectors are arbitrary.

    >>> import engine
    >>> engine.linalg.eigh(engine.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    tensor([1., 3.])
    """
    lapack.check_matrices("linalg.eigh", "A", A, square=True)
    upper = _check_triangle("linalg.eigh", UPLO)
    return EigenDecomposition(*_Eigh.apply(A.mT if upper else A))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric matrices in ascending order, as :func:`eigh` gives them.

    >>> import engine
    >>> engine.linalg.eigvalsh(engine.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    lapack.check_matrices("linalg.eigvalsh", "A", A, square=True)
    upper = _check_triangle("linalg.eigvalsh", UPLO)
    if not (A.requires_grad and _C.is_grad_enabled()):
        given = lapack.array(A.mT if upper else A)
        return lapack.tensor(lapack.run("linalg.eigvalsh", np.linalg.eigvalsh, given))
    return eigh(A, UPLO).eigenvalues


class _SVD(Function):
    """Gradient: Townsend (2016); infinite for singular vectors of equal singular values."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, full_matrices: bool) -> tuple[Tensor, Tensor, Tensor]:
        found = lapack.run("linalg.svd", np.linalg.svd, lapack.array(a), full_matrices)
        u, s, vh = map(lapack.tensor, found)
        ctx.save_for_backward(u, s, vh)
        ctx.set_materialize_grads(False)
        return u, s, vh

    @staticmethod
    def backward(
        ctx: Any, grad_u: Tensor | None, grad_s: Tensor | None, grad_vh: Tensor | None
    ) -> tuple[Any, None]:
        u, s, vh = ctx.saved_tensors
        k = s.shape[-1]
        u, v = u[..., :, :k], vh[..., :k, :].mT
        inner = None if grad_s is None else grad_s.diag_embed()
        outer: Any = 0.0
        gaps = _differences(s.square()) if grad_u is not None or grad_vh is not None else None
        if grad_u is not None:
            grad_u = grad_u[..., :, :k]
            projected = u.mT @ grad_u
            part = _scaled((projected - projected.mT) / gaps, s)
            inner = part if inner is None else inner + part
            if u.shape[-2] > k:
                outer = outer + _scaled(grad_u - u @ projected, 1 / s) @ v.mT
        if grad_vh is not None:
            grad_v = grad_vh[..., :k, :].mT
            projected = v.mT @ grad_v
            part = s.unsqueeze(-1) * ((projected - projected.mT) / gaps)
            inner = part if inner is None else inner + part
            if v.shape[-2] > k:
                outer = outer + _scaled(u, 1 / s) @ (grad_v - v @ projected).mT
        return (None if inner is None else u @ inner @ v.mT + outer), None


def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> SVD:
    """U, S and Vh of ``A = U diag(S) Vh``: orthonormal U and Vh, S in descending order.

    For A (..., m, n), U is (..., m, m) and Vh (..., n, n), or with ``full_matrices=False``
    (..., m, k) and (..., k, n), k the lesser of m and n. ``driver`` must be None on the CPU.

    >>> import engine
    >>> engine.linalg.svd(engine.tensor([[3.0, 0.0], [0.0, -4.0]])).S
    tensor([4., 3.])
    """
    lapack.check_matrices("linalg.svd", "A", A)
    if driver is not None:
        raise RuntimeError(f"linalg.svd: driver: expected None on the CPU, got {driver!r}")
    return SVD(*_SVD.apply(A, full_matrices))


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values of matrices in descending order.

    >>> import engine
    >>> engine.linalg.svdvals(engine.tensor([[3.0, 0.0], [0.0, -4.0]]))
    tensor([4., 3.])
    """
    lapack.check_matrices("linalg.svdvals", "A", A)
    if driver is not None:
        raise RuntimeError(f"linalg.svdvals: driver: expected None on the CPU, got {driver!r}")
    if not (A.requires_grad and _C.is_grad_enabled()):
        found = lapack.run("linalg.svdvals", np.linalg.svd, lapack.array(A), compute_uv=False)
        return lapack.tensor(found)
    return svd(A, full_matrices=False).S


def eig(A: Tensor) -> NoReturn:
    """Raises NotImplementedError: eigenvalues of general matrices are complex.

    >>> import engine
    >>> try: engine.linalg.eig(engine.eye(2))
    ... except NotImplementedError as error: print(error)
    linalg.eig: the results are complex, and there are no complex dtypes yet; see linalg.eigh
    """
    _refuse_complex("linalg.eig")


def eigvals(A: Tensor) -> NoReturn:
    """Raises NotImplementedError: eigenvalues of general matrices are complex.

    >>> import engine
    >>> try: engine.linalg.eigvals(engine.eye(2))
    ... except NotImplementedError as error: print(error)
    linalg.eigvals: the results are complex, and there are no complex dtypes yet; see linalg.eigh
    """
    _refuse_complex("linalg.eigvals")


def _refuse_complex(function: str) -> NoReturn:
    raise NotImplementedError(
        f"{function}: the results are complex, and there are no complex dtypes yet; see linalg.eigh"
    )
