"""Norms of vectors and matrices, condition numbers and ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine.linalg import lapack
from engine.linalg.solvers import inv_ex, tolerances
from engine.linalg.spectral import eigvalsh, svdvals

Order = float | str
Dims = int | Sequence[int]


def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: Dims | None = None,
    keepdim: bool = False,
    *,
    dtype: _C.dtype | None = None,
) -> Tensor:
    """The ``ord``-norm of ``x`` taken as vectors along ``dim``, or as one vector.

    0 counts the elements that are not 0, inf and -inf give the largest and smallest magnitude.

    >>> import engine
    >>> engine.linalg.vector_norm(engine.tensor([3.0, -4.0]))
    tensor(5.)
    """
    dims = [dim] if isinstance(dim, int) else dim
    if ord < 0 and 0 in (x.shape[d] for d in dims or range(x.dim()) if x.dim()):
        raise RuntimeError(
            f"linalg.vector_norm: x: the {ord}-norm of no elements does not exist, got shape "
            f"{tuple(x.shape)}"
        )
    return _C.linalg_vector_norm(x, ord, dims, keepdim, dtype=dtype)


def _matrix_dims(function: str, a: Tensor, dim: Sequence[int]) -> tuple[int, int]:
    if len(dim) != 2:
        raise RuntimeError(f"{function}: dim: expected two dims, got {tuple(dim)}")
    rows, columns = (_wrapped(function, d, a.dim()) for d in dim)
    if rows == columns:
        raise RuntimeError(f"{function}: dim: expected two different dims, got {tuple(dim)}")
    return rows, columns


def _wrapped(function: str, dim: int, n: int) -> int:
    if not -n <= dim < n:
        raise IndexError(f"{function}: dim: expected from {-n} to {n - 1}, got {dim}")
    return dim % n


def matrix_norm(
    A: Tensor,
    ord: Order = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: _C.dtype | None = None,
) -> Tensor:
    """A norm of matrices: "fro", "nuc", inf, -inf, 1, -1, 2 or -2.

    inf and 1 are the largest sums of magnitudes of a row and of a column, 2 the largest singular
    value, "nuc" the sum of all; negative ones take the smallest.

    >>> import engine
    >>> engine.linalg.matrix_norm(engine.tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    function = "linalg.matrix_norm"
    if A.dim() < 2:
        raise RuntimeError(f"{function}: A: expected matrices, got shape {tuple(A.shape)}")
    if not A.dtype.is_floating_point:
        raise RuntimeError(f"{function}: A: expected a floating dtype, got {A.dtype}")
    A = A if dtype is None else A.to(dtype)
    rows, columns = _matrix_dims(function, A, dim)
    if ord == "fro":
        return _C.linalg_vector_norm(A, 2, [rows, columns], keepdim)
    if ord == "nuc" or ord in (2, -2):
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        result = values.sum(-1) if ord == "nuc" else _extreme(values, ord, -1)
        return (
            result.unsqueeze(min(rows, columns)).unsqueeze(max(rows, columns))
            if keepdim
            else (result)
        )
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(
            f"{function}: ord: expected 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2, got {ord!r}"
        )
    summed, kept = (rows, columns) if ord in (1, -1) else (columns, rows)
    result = _extreme(A.abs().sum(summed, keepdim=True), ord, kept, keepdim=True)
    return result if keepdim else result.squeeze([rows, columns])


def _extreme(values: Tensor, ord: Any, dim: int, keepdim: bool = False) -> Tensor:
    if ord > 0 and values.shape[dim] == 0:
        return values.sum(dim, keepdim)
    return values.amax(dim, keepdim) if ord > 0 else values.amin(dim, keepdim)


def norm(
    A: Tensor,
    ord: Order | None = None,
    dim: Dims | None = None,
    keepdim: bool = False,
    *,
    dtype: _C.dtype | None = None,
) -> Tensor:
    """A norm of vectors or matrices, depending on ``dim`` or the shape.

    Without ``ord`` the 2-norm of all elements; with it and without ``dim``, A must be a vector or
    a matrix. See :func:`vector_norm` and :func:`matrix_norm`.

    >>> import engine
    >>> engine.linalg.norm(engine.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None and A.dim() > 2:
        raise RuntimeError(
            f"linalg.norm: A: expected a vector or a matrix without dim, got {A.dim()} dims"
        )
    dims = (dim,) if isinstance(dim, int) else dim
    as_matrix = len(dims) == 2 if dims is not None else A.dim() == 2
    if as_matrix:
        return matrix_norm(A, ord, dims or (-2, -1), keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: ord: expected a number for vectors, got {ord!r}")
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


def cond(A: Tensor, p: Order | None = None) -> Tensor:
    """The condition number of matrices: the norms ``p`` of A and of its inverse, multiplied.

    For None, 2 and -2 it is a quotient of singular values, so that A need not be square. Infinite
    for singular matrices.

    >>> import engine
    >>> engine.linalg.cond(engine.tensor([[2.0, 0.0], [0.0, 8.0]]))
    tensor(4.)
    """
    lapack.check_matrices("linalg.cond", "A", A, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        values = svdvals(A)
        if values.shape[-1] == 0:
            return A.new_zeros(A.shape[:-2])
        largest, smallest = values[..., 0], values[..., -1]
        return smallest / largest if p == -2 else largest / smallest
    if A.shape[-1] == 0:
        return A.new_zeros(A.shape[:-2])
    inverse, info = inv_ex(A)
    product = matrix_norm(A, p) * matrix_norm(_C.nan_to_num(inverse), p)
    return _C.where(info == 0, product, math.inf)


def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """The number of singular values of each matrix above ``max(atol, rtol * largest)``.

    ``tol`` is the old name of ``atol``. ``hermitian`` matrices are taken as symmetric.

    >>> import engine
    >>> engine.linalg.matrix_rank(engine.ones(3, 3))
    tensor(1)
    """
    lapack.check_matrices("linalg.matrix_rank", "A", A, square=hermitian)
    plain = A.detach()
    values = eigvalsh(plain).abs() if hermitian else svdvals(plain)
    if values.shape[-1] == 0:
        return _C.zeros(A.shape[:-2], dtype=_C.int64)
    if tol is not None:
        atol, rtol = tol, 0.0
    absolute, relative = (lapack.tensor(t) for t in tolerances(A, atol, rtol))
    largest = values.amax(-1, True)
    limit = _C.maximum(absolute.unsqueeze(-1), relative.unsqueeze(-1) * largest)
    return (values > limit).sum(-1)
