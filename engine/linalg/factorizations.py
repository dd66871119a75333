"""Cholesky, LU and QR factors of matrices, and their gradients."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine.autograd.function import Function
from engine.linalg import lapack
from engine.linalg.triangular import solve_triangular


def symmetric_part(a: Tensor) -> Tensor:
    """``(A + A^T) / 2``."""
    return (a + a.mT) / 2


class CholeskyResult(NamedTuple):
    """The result of :func:`cholesky_ex`."""

    L: Tensor
    info: Tensor


def _minor_order(matrix: np.ndarray) -> int:
    """The order of the first leading minor that is not positive definite."""
    low, high = 0, len(matrix)  # positive definite up to low, not at high
    while high - low > 1:
        middle = (low + high) // 2
        try:
            np.linalg.cholesky(matrix[:middle, :middle])
            low = middle
        except np.linalg.LinAlgError:
            high = middle
    return high


def _cholesky_each(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The factors, nan where none exists, and the orders of the failing minors."""
    info = np.zeros(a.shape[:-2], np.int32)
    try:
        factors = np.linalg.cholesky(a)
        missing = np.isnan(np.diagonal(factors, axis1=-2, axis2=-1))  # nan passes LAPACK's test
        if a.shape[-1]:
            info[...] = np.where(missing.any(-1), missing.argmax(-1) + 1, 0)
        return factors, info
    except np.linalg.LinAlgError:
        factors = np.full_like(a, np.nan)
        for index, matrix in lapack.each_matrix(a):
            try:
                factors[index] = np.linalg.cholesky(matrix)
            except np.linalg.LinAlgError:
                info[index] = _minor_order(matrix)
        return factors, info


class _Cholesky(Function):
    """Gradient: Murray, "Differentiation of the Cholesky decomposition" (2016)."""

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        factors, info = map(lapack.tensor, _cholesky_each(lapack.array(a)))
        ctx.save_for_backward(factors)
        return factors, info

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> Tensor:
        (factor,) = ctx.saved_tensors
        product = (factor.mT @ grad).tril()
        half = product - product.diagonal(dim1=-2, dim2=-1).diag_embed() / 2
        left = solve_triangular(factor.mT, half, upper=True)
        return symmetric_part(solve_triangular(factor, left, upper=False, left=False))


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> CholeskyResult:
    """Cholesky factors, and ``info``: the order of the leading minor that is not positive definite.

    ``info`` is 0 where the factor exists; the factor is nan elsewhere. With ``check_errors`` a
    failure raises LinAlgError.

    >>> import engine
    >>> engine.linalg.cholesky_ex(-engine.eye(2)).info
    tensor(1, dtype=int32)
    """
    return _cholesky("linalg.cholesky_ex", A, upper, check_errors)


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """L of ``A = L L^T`` for symmetric positive definite A (..., n, n), or L^T with ``upper``.

    Only one triangle of A is read, the lower one unless ``upper``. Raises LinAlgError if a matrix
    is not positive definite.

    >>> import engine
    >>> engine.linalg.cholesky(engine.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    return _cholesky("linalg.cholesky", A, upper, True).L


def _cholesky(function: str, a: Tensor, upper: bool, check_errors: bool) -> CholeskyResult:
    lapack.check_matrices(function, "A", a, square=True)
    factor, info = _Cholesky.apply(a.mT if upper else a)
    if check_errors:
        lapack.raise_if_failed(function, "A", info, lapack.NOT_POSITIVE)
    return CholeskyResult(factor.mT if upper else factor, info)


class LUFactor(NamedTuple):
    """The result of :func:`lu_factor`."""

    LU: Tensor
    pivots: Tensor


class LUFactorEx(NamedTuple):
    """The result of :func:`lu_factor_ex`."""

    LU: Tensor
    pivots: Tensor
    info: Tensor


class LU(NamedTuple):
    """The result of :func:`lu`."""

    P: Tensor
    L: Tensor
    U: Tensor


class UnpackedLU(NamedTuple):
    """The result of ``engine.lu_unpack``."""

    P: Tensor
    L: Tensor
    U: Tensor


def _eliminate(a: np.ndarray, pivot: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussian elimination of a batch (b, m, n): packed factors, swaps, first pivots that are 0."""
    lu, (batch, m, n) = a.copy(), a.shape
    steps, each = min(m, n), np.arange(batch)
    swaps = np.tile(np.arange(1, steps + 1, dtype=np.int32), (batch, 1))
    info = np.zeros(batch, np.int32)
    for k in range(steps):
        if pivot:
            row = k + np.abs(lu[:, k:, k]).argmax(1)
            swaps[:, k] = row + 1
            lu[each, k], lu[each, row] = lu[each, row], lu[each, k]
        diagonal = lu[:, k, k]
        info[(info == 0) & (diagonal == 0)] = k + 1
        divisor = np.where(diagonal == 0, 1, diagonal) if pivot else diagonal
        lu[:, k + 1 :, k] /= divisor[:, None]
        lu[:, k + 1 :, k + 1 :] -= lu[:, k + 1 :, k, None] * lu[:, k, None, k + 1 :]
    return lu, swaps, info


def _order_of_rows(pivots: np.ndarray, m: int) -> np.ndarray:
    """The permutation of rows 0 ... m - 1 that results from the swaps."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    order, each = np.tile(np.arange(m), (len(flat), 1)), np.arange(len(flat))
    for k in range(flat.shape[-1]):
        row = flat[:, k] - 1
        order[each, k], order[each, row] = order[each, row], order[each, k]
    return order.reshape(*pivots.shape[:-1], m)


def permutation_matrix(pivots: Tensor, m: int, dtype: _C.dtype) -> Tensor:
    """P of ``A = P L U``, from the pivots of :func:`lu_factor`."""
    order = lapack.tensor(_order_of_rows(lapack.array(pivots), m))
    return _C.eye(m, dtype=dtype)[order].mT


class _LU(Function):
    """The packed factors. Gradient: of A = P L U, with both factors' triangles of ``grad``."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, pivot: bool) -> tuple[Tensor, Tensor, Tensor]:
        given = lapack.array(a)
        batch, (m, n) = given.shape[:-2], given.shape[-2:]
        with np.errstate(all="ignore"):
            lu, swaps, info = _eliminate(given.reshape(math.prod(batch), m, n), pivot)
        packed = lapack.tensor(lu.reshape(given.shape))
        pivots = lapack.tensor(swaps.reshape(*batch, min(m, n)))
        ctx.save_for_backward(packed, pivots)
        return packed, pivots, lapack.tensor(info.reshape(batch))

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Any) -> tuple[Tensor, None]:
        packed, pivots = ctx.saved_tensors
        m, n = packed.shape[-2:]
        k = min(m, n)
        lower, upper = unpacked(packed)
        # Rows below the square, and columns right of it, are products with the square's factors.
        square_l, square_u = lower[..., :k, :], upper[..., :, :k]
        grad_l, grad_u = grad[..., :k, :k].tril(-1), grad[..., :k, :k].triu()
        below, right = grad[..., k:, :k], grad[..., :k, k:]
        if m > k:
            below = solve_triangular(square_u.mT, below, upper=False, left=False)
            grad_u = grad_u - lower[..., k:, :].mT @ below
        if n > k:
            right = solve_triangular(square_l.mT, right, upper=True, unitriangular=True)
            grad_l = grad_l - right @ upper[..., :, k:].mT
        middle = (square_l.mT @ grad_l).tril(-1) + (grad_u @ square_u.mT).triu()
        middle = solve_triangular(square_l.mT, middle, upper=True, unitriangular=True)
        middle = solve_triangular(square_u.mT, middle, upper=False, left=False)
        rows = _C.cat([_C.cat([middle, right], -1), _wide(below, n)], -2)
        return permutation_matrix(pivots, m, rows.dtype) @ rows, None


def _wide(rows: Tensor, n: int) -> Tensor:
    return _C.pad(rows, [0, n - rows.shape[-1]])


def unpacked(packed: Tensor) -> tuple[Tensor, Tensor]:
    """L (..., m, k) and U (..., k, n) of packed factors, k the lesser of m and n."""
    m, n = packed.shape[-2:]
    k = min(m, n)
    identity = _C.eye(m, k, dtype=packed.dtype)
    return packed[..., :, :k].tril(-1) + identity, packed[..., :k, :].triu()


def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> LUFactorEx:
    """:func:`lu_factor`, and the index of the first zero pivot of each matrix, counted from 1.

    >>> import engine
    >>> engine.linalg.lu_factor_ex(engine.zeros(2, 2)).info
    tensor(1, dtype=int32)
    """
    lapack.check_matrices("linalg.lu_factor_ex", "A", A)
    result = LUFactorEx(*_LU.apply(A, pivot))
    if check_errors:
        lapack.raise_if_failed("linalg.lu_factor_ex", "A", result.info, lapack.SINGULAR)
    return result


def lu_factor(A: Tensor, *, pivot: bool = True) -> LUFactor:
    """The LU factors of matrices, packed into one, and the swaps of rows.

    Row k was swapped with row ``pivots[k] - 1``. Raises LinAlgError if a pivot is 0.

    >>> import engine
    >>> engine.linalg.lu_factor(engine.tensor([[0.0, 1.0], [2.0, 4.0]])).LU
    tensor([[2., 4.],
            [0., 1.]])
    """
    lapack.check_matrices("linalg.lu_factor", "A", A)
    packed, pivots, info = _LU.apply(A, pivot)
    lapack.raise_if_failed("linalg.lu_factor", "A", info, lapack.SINGULAR)
    return LUFactor(packed, pivots)


def lu(A: Tensor, *, pivot: bool = True) -> LU:
    """P, L and U of ``A = P L U``: a permutation and two triangular factors.

    P is empty with ``pivot=False``.

    >>> import engine
    >>> engine.linalg.lu(engine.tensor([[0.0, 1.0], [2.0, 4.0]])).U
    tensor([[2., 4.],
            [0., 1.]])
    """
    lapack.check_matrices("linalg.lu", "A", A)
    packed, pivots, _ = _LU.apply(A, pivot)
    lower, upper = unpacked(packed)
    if not pivot:
        return LU(A.new_empty((0,)), lower, upper)
    return LU(permutation_matrix(pivots, A.shape[-2], A.dtype), lower, upper)


class QR(NamedTuple):
    """The result of :func:`qr`."""

    Q: Tensor
    R: Tensor


class _QR(Function):
    """Gradient: Walter and Lehmann (2010); of wide matrices, Liao et al. (2019)."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, mode: str) -> tuple[Tensor, Tensor]:
        q, r = lapack.run("linalg.qr", np.linalg.qr, lapack.array(a), mode)
        results = lapack.tensor(q), lapack.tensor(r)
        ctx.mode = mode
        ctx.save_for_backward(a, *results)
        return results

    @staticmethod
    def backward(ctx: Any, grad_q: Tensor, grad_r: Tensor) -> tuple[Tensor, None]:
        a, q, r = ctx.saved_tensors
        m, n = a.shape[-2:]
        if ctx.mode == "complete" and m > n:
            raise RuntimeError("linalg.qr: mode='complete' has no gradient for tall matrices")
        if m >= n:
            return _qr_gradient(q, r, grad_q, grad_r), None
        # The first m columns are factored, the others are products with Q.
        rest = grad_r[..., :, m:]
        grad_q = grad_q + a[..., :, m:] @ rest.mT
        first = _qr_gradient(q, r[..., :, :m], grad_q, grad_r[..., :, :m])
        return _C.cat([first, q @ rest], -1), None


def _qr_gradient(q: Tensor, r: Tensor, grad_q: Tensor, grad_r: Tensor) -> Tensor:
    middle = r @ grad_r.mT - grad_q.mT @ q
    mirrored = middle.tril() + middle.tril(-1).mT
    return solve_triangular(r.mT, grad_q + q @ mirrored, upper=False, left=False)


def qr(A: Tensor, mode: str = "reduced") -> QR:
    """Q with orthonormal columns and upper triangular R with ``A = Q R``.

    In mode "reduced" Q is (..., m, k) with k the lesser of m and n, in "complete" (..., m, m); in
    mode "r" Q is empty and there is no gradient.

    >>> import engine
    >>> engine.linalg.qr(engine.tensor([[3.0], [4.0]])).R.abs()
    tensor([[5.]])
    """
    lapack.check_matrices("linalg.qr", "A", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"linalg.qr: mode: expected 'reduced', 'complete' or 'r', got {mode!r}")
    if mode == "r":
        if A.requires_grad and _C.is_grad_enabled():
            raise RuntimeError("linalg.qr: mode='r' has no gradient; use mode='reduced'")
        r = lapack.run("linalg.qr", np.linalg.qr, lapack.array(A), "r")
        return QR(A.new_empty((0,)), lapack.tensor(r))
    return QR(*_QR.apply(A, mode))


class Reflections(NamedTuple):
    """The result of :func:`geqrf`."""

    a: Tensor
    tau: Tensor


class _Reflections(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        packed, tau = lapack.run("geqrf", np.linalg.qr, lapack.array(a), "raw")
        return lapack.tensor(packed.swapaxes(-1, -2)), lapack.tensor(tau)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Tensor:
        raise NotImplementedError("geqrf: there is no gradient; linalg.qr has one")


def geqrf(input: Tensor) -> Reflections:
    """See ``engine.geqrf``."""
    lapack.check_matrices("geqrf", "input", input)
    return Reflections(*_Reflections.apply(input))
