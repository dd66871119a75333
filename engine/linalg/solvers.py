"""Inverses, linear systems and least squares."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine._limits import finfo
from engine.autograd.function import Function
from engine.autograd.gradients import grad as gradients
from engine.autograd.modes import enable_grad
from engine.linalg import lapack
from engine.linalg.factorizations import _eliminate, permutation_matrix, unpacked
from engine.linalg.triangular import broadcast_matrices, solve_triangular


class InverseResult(NamedTuple):
    """The result of :func:`inv_ex`."""

    inverse: Tensor
    info: Tensor


class SolveResult(NamedTuple):
    """The result of :func:`solve_ex`."""

    result: Tensor
    info: Tensor


def _solved(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solutions, nan for singular matrices, and the index of their first zero pivot, from 1."""
    info = np.zeros(a.shape[:-2], np.int32)
    try:
        with np.errstate(all="ignore"):
            return np.linalg.solve(a, b), info
    except np.linalg.LinAlgError:
        x = np.full_like(b, np.nan)
        for index, matrix in lapack.each_matrix(a):
            try:
                x[index] = np.linalg.solve(matrix, b[index])
            except np.linalg.LinAlgError:
                info[index] = _eliminate(matrix[None], True)[2][0] or len(matrix)
        return x, info


class _Solve(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        x, info = map(lapack.tensor, _solved(lapack.array(a), lapack.array(b)))
        ctx.save_for_backward(a, x)
        return x, info

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> tuple[Tensor, Tensor]:
        a, x = ctx.saved_tensors
        grad_b, _ = _Solve.apply(a.mT, grad)
        return -(grad_b @ x.mT), grad_b


class _Inverse(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        given = lapack.array(a)
        identity = np.broadcast_to(np.eye(given.shape[-1], dtype=given.dtype), given.shape)
        inverse, info = map(lapack.tensor, _solved(given, identity))
        ctx.save_for_backward(inverse)
        return inverse, info

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> Tensor:
        (inverse,) = ctx.saved_tensors
        return -(inverse.mT @ grad @ inverse.mT)


def inv_ex(A: Tensor, *, check_errors: bool = False) -> InverseResult:
    """:func:`inv`, nan for singular matrices, and the index of each first zero pivot, from 1.

    >>> import engine
    >>> engine.linalg.inv_ex(engine.zeros(2, 2)).info
    tensor(1, dtype=int32)
    """
    lapack.check_matrices("linalg.inv_ex", "A", A, square=True)
    result = InverseResult(*_Inverse.apply(A))
    if check_errors:
        lapack.raise_if_failed("linalg.inv_ex", "A", result.info, lapack.SINGULAR)
    return result


def inv(A: Tensor) -> Tensor:
    """The inverse of square matrices (..., n, n). Raises LinAlgError if one is singular.

    >>> import engine
    >>> engine.linalg.inv(engine.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    lapack.check_matrices("linalg.inv", "A", A, square=True)
    inverse, info = _Inverse.apply(A)
    lapack.raise_if_failed("linalg.inv", "A", info, lapack.SINGULAR)
    return inverse


def _is_vector_batch(a: Tensor, b: Tensor) -> bool:
    """True if B is one vector per matrix rather than a matrix."""
    return b.dim() == 1 or (a.dim() - 1 == b.dim() and b.shape == a.shape[:-1])


def _solve(function: str, a: Tensor, b: Tensor, left: bool) -> SolveResult:
    lapack.check_matrices(function, "A", a, square=True)
    lapack.check_same_dtype(function, a, b)
    vector = _is_vector_batch(a, b)
    if not left and vector:
        raise RuntimeError(f"{function}: B: expected matrices with left=False, got vectors")
    columns = b.unsqueeze(-1) if vector else b
    if not left:
        a, columns = a.mT, columns.mT
    if columns.dim() < 2 or columns.shape[-2] != a.shape[-1]:
        raise RuntimeError(
            f"{function}: A of shape {tuple(a.shape)} does not fit B of shape {tuple(b.shape)}"
        )
    x, info = _Solve.apply(*broadcast_matrices(a, columns))
    if vector:
        x = x.squeeze(-1)
    return SolveResult(x if left else x.mT, info)


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> SolveResult:
    """:func:`solve`, nan for singular matrices, and the index of each first zero pivot, from 1.

    >>> import engine
    >>> engine.linalg.solve_ex(engine.zeros(1, 1), engine.ones(1)).info
    tensor(1, dtype=int32)
    """
    result = _solve("linalg.solve_ex", A, B, left)
    if check_errors:
        lapack.raise_if_failed("linalg.solve_ex", "A", result.info, lapack.SINGULAR)
    return result


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X of ``A X = B`` for square A (..., n, n); of ``X A = B`` if not left.

    B is a vector (n), one vector per matrix, or matrices (..., n, k); batch dimensions of matrices
    broadcast. Raises LinAlgError if a matrix is singular.

    >>> import engine
    >>> engine.linalg.solve(engine.tensor([[2.0, 0.0], [0.0, 4.0]]), engine.tensor([2.0, 8.0]))
    tensor([1., 2.])
    """
    x, info = _solve("linalg.solve", A, B, left)
    lapack.raise_if_failed("linalg.solve", "A", info, lapack.SINGULAR)
    return x


def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """:func:`solve` for a matrix that :func:`lu_factor` has factored; for its transpose if adjoint.

    >>> import engine
    >>> factors = engine.linalg.lu_factor(engine.tensor([[2.0, 0.0], [0.0, 4.0]]))
    >>> engine.linalg.lu_solve(*factors, engine.tensor([[2.0], [8.0]]))
    tensor([[1.],
            [2.]])
    """
    lapack.check_matrices("linalg.lu_solve", "LU", LU, square=True)
    lapack.check_matrices("linalg.lu_solve", "B", B)
    lapack.check_same_dtype("linalg.lu_solve", LU, B)
    if not left:
        return lu_solve(LU, pivots, B.mT, adjoint=not adjoint).mT
    lower, upper = unpacked(LU)
    order = permutation_matrix(pivots, LU.shape[-1], LU.dtype)
    if adjoint:
        x = solve_triangular(upper.mT, B, upper=False)
        return order @ solve_triangular(lower.mT, x, upper=True, unitriangular=True)
    x = solve_triangular(lower, order.mT @ B, upper=False, unitriangular=True)
    return solve_triangular(upper, x, upper=True)


class _PseudoInverse(Function):
    """Gradient: Golub and Pereyra (1973), of matrices that keep their rank."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, atol: Any, rtol: Any, hermitian: bool) -> Tensor:
        u, s, vh = lapack.run(
            "linalg.pinv", np.linalg.svd, lapack.array(a), full_matrices=False, hermitian=hermitian
        )
        with np.errstate(all="ignore"):
            largest = s.max(-1, initial=0.0, keepdims=True)
            limit = np.maximum(np.expand_dims(atol, -1), np.expand_dims(rtol, -1) * largest)
            inverse = np.where(s > limit, 1 / s, 0).astype(s.dtype)
        result = lapack.tensor((vh.swapaxes(-1, -2) * inverse[..., None, :]) @ u.swapaxes(-1, -2))
        ctx.save_for_backward(a, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        a, p = ctx.saved_tensors
        grad_t = grad.mT
        first = (grad_t @ p) @ p.mT
        second = p.mT @ (p @ grad_t)
        result = -(p.mT @ grad @ p.mT)
        result = result + first - a @ (p @ first) + second - (second @ p) @ a
        return result, None, None, None


def tolerances(a: Tensor, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """The tolerances for small singular values: by default eps times the larger size."""
    absolute = 0.0 if atol is None else _number(atol)
    if rtol is not None:
        return absolute, _number(rtol)
    default = max(a.shape[-2:]) * finfo(a.dtype).eps
    given = np.asarray(absolute)
    return absolute, np.where(given > 0, 0.0, default)


def _number(value: Any) -> Any:
    return lapack.array(value) if isinstance(value, Tensor) else value


def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """The pseudoinverse (Moore and Penrose) of matrices (..., m, n).

    Singular values of at most ``max(atol, rtol * largest)`` count as 0; ``rcond`` is the old name
    of ``rtol``. ``hermitian`` matrices are taken as symmetric, by their lower triangle.

    >>> import engine
    >>> engine.linalg.pinv(engine.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    lapack.check_matrices("linalg.pinv", "A", A, square=hermitian)
    atol, rtol = tolerances(A, atol, rcond if rtol is None else rtol)
    return _PseudoInverse.apply(A, atol, rtol, hermitian)


class LeastSquares(NamedTuple):
    """The result of :func:`lstsq`."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


class _LeastSquares(Function):
    """The solution of least norm, whose gradient is that of ``pinv(A) @ B``."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, rcond: float) -> tuple[Tensor, Tensor, Tensor]:
        left, right = lapack.array(a), lapack.array(b)
        batch, (m, n) = left.shape[:-2], left.shape[-2:]
        x = np.zeros((*batch, n, right.shape[-1]), left.dtype)
        rank = np.zeros(batch, np.int64)
        values = np.zeros((*batch, min(m, n)), left.dtype)
        for index, matrix in lapack.each_matrix(left):
            x[index], _, rank[index], values[index] = lapack.run(
                "linalg.lstsq", np.linalg.lstsq, matrix, right[index], rcond
            )
        ctx.rcond = rcond
        ctx.save_for_backward(a, b)
        results = lapack.tensor(x), lapack.tensor(rank), lapack.tensor(values)
        ctx.mark_non_differentiable(results[2])
        return results

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Any) -> tuple[Any, ...]:
        a, b = ctx.saved_tensors
        recording = _C.is_grad_enabled()
        with enable_grad():
            a, b = (t if t.requires_grad else t.detach().requires_grad_() for t in (a, b))
            x = pinv(a, rtol=ctx.rcond) @ b
        return *gradients(x, (a, b), grad, create_graph=recording), None


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def lstsq(
    A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> LeastSquares:
    """X that minimises the norm of ``A X - B``, of least norm where several do.

    A is (..., m, n), B (..., m, k), or (..., m) with one vector per matrix. ``residuals`` are the
    squared norms of the columns of ``A X - B``, empty unless m > n and the rank is n; ``rank`` is
    empty for the driver "gels", ``singular_values`` unless it is "gelsd" or "gelss". Every driver
    runs LAPACK's gelsd.

    >>> import engine
    >>> A, B = engine.tensor([[1.0], [1.0]]), engine.tensor([[1.0], [3.0]])
    >>> engine.linalg.lstsq(A, B).solution
    tensor([[2.]])
    """
    function = "linalg.lstsq"
    lapack.check_matrices(function, "A", A)
    lapack.check_same_dtype(function, A, B)
    driver = "gelsy" if driver is None else driver
    if driver not in _DRIVERS:
        raise RuntimeError(f"{function}: driver: expected one of {_DRIVERS}, got {driver!r}")
    vector = A.dim() - 1 == B.dim()
    columns = B.unsqueeze(-1) if vector else B
    if columns.dim() < 2 or columns.shape[-2] != A.shape[-2]:
        raise RuntimeError(
            f"{function}: A of shape {tuple(A.shape)} does not fit B of shape {tuple(B.shape)}"
        )
    A, columns = broadcast_matrices(A, columns)
    m, n = A.shape[-2:]
    cut = max(m, n) * finfo(A.dtype).eps if rcond is None else rcond
    x, rank, values = _LeastSquares.apply(A, columns, cut)
    residuals, empty = A.new_empty((0,)), A.new_empty((0,))
    if m > n and bool((rank == n).all()) and driver != "gelsy":
        residuals = (A @ x - columns).square().sum(-2)
    return LeastSquares(
        x.squeeze(-1) if vector else x,
        residuals,
        rank.new_empty((0,)) if driver == "gels" else rank,
        values if driver in ("gelsd", "gelss") else empty,
    )


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of A as a map from the dimensions from ``ind`` on to those before.

    >>> import engine
    >>> engine.linalg.tensorinv(engine.eye(6).reshape(6, 2, 3), ind=1).shape
    Size([2, 3, 6])
    """
    lapack.check_dtype("linalg.tensorinv", "A", A)
    if ind <= 0:
        raise RuntimeError(f"linalg.tensorinv: ind: expected more than 0, got {ind}")
    before, after = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if math.prod(before) != math.prod(after):
        raise RuntimeError(
            f"linalg.tensorinv: A: dimensions {before} and {after} have different products"
        )
    return inv(A.reshape(math.prod(before), -1)).reshape(*after, *before)


def tensorsolve(A: Tensor, B: Tensor, dims: tuple[int, ...] | None = None) -> Tensor:
    """X with ``tensordot(A, X, X.dim()) = B``; ``dims`` of A are moved to its end first.

    >>> import engine
    >>> A = engine.eye(6).reshape(2, 3, 6)
    >>> engine.linalg.tensorsolve(A, engine.ones(2, 3)).shape
    Size([6])
    """
    lapack.check_dtype("linalg.tensorsolve", "A", A)
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.dim() - len(dims), A.dim())))
    shape = A.shape[B.dim() :]
    if math.prod(shape) != B.numel() or math.prod(A.shape[: B.dim()]) != B.numel():
        raise RuntimeError(
            f"linalg.tensorsolve: A of shape {tuple(A.shape)} does not fit B of shape "
            f"{tuple(B.shape)}"
        )
    return solve(A.reshape(B.numel(), B.numel()), B.flatten()).reshape(*shape)
