"""The factorization L D L^T of symmetric matrices that need not be positive definite."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from engine._C import Tensor
from engine._lazy import numpy as np
from engine.autograd.function import Function
from engine.linalg import lapack
from engine.linalg.triangular import broadcast_matrices


class LDLFactor(NamedTuple):
    """The result of :func:`ldl_factor`."""

    LD: Tensor
    pivots: Tensor


class LDLFactorEx(NamedTuple):
    """The result of :func:`ldl_factor_ex`."""

    LD: Tensor
    pivots: Tensor
    info: Tensor


_ALPHA = (1 + math.sqrt(17)) / 8


def _choose_pivot(a: np.ndarray, k: int) -> tuple[int, int]:
    """The row that is exchanged for the pivot's last, and the pivot's size, 1 or 2."""
    diagonal = abs(a[k, k])
    column = np.abs(a[k + 1 :, k])
    if not column.size or max(diagonal, column.max()) == 0:
        return k, 1
    row = k + 1 + int(column.argmax())
    largest = column.max()
    if diagonal >= _ALPHA * largest:
        return k, 1
    others = np.concatenate([np.abs(a[row, k:row]), np.abs(a[row + 1 :, row])]).max()
    if diagonal >= _ALPHA * largest * (largest / others):
        return k, 1
    return (row, 1) if abs(a[row, row]) >= _ALPHA * others else (row, 2)


def _factor(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """L and D in one lower triangle, LAPACK's pivots, and the first pivot that is 0, from 1.

    Bunch and Kaufman (1977), as LAPACK's sytf2 stores it.
    """
    n = len(matrix)
    a = np.tril(matrix) + np.tril(matrix, -1).T
    pivots, info, k = np.zeros(n, np.int32), 0, 0
    while k < n:
        row, size = _choose_pivot(a, k)
        last, rest = k + size - 1, slice(k + size, n)
        rows = slice(k, n)
        a[[last, row], rows] = a[[row, last], rows]
        a[rows, [last, row]] = a[rows, [row, last]]
        block, below = a[k : k + size, k : k + size], a[rest, k : k + size]
        if size == 1 and block[0, 0] == 0:
            info = info or k + 1
        else:
            scaled = np.linalg.solve(block, below.T).T
            a[rest, rest] -= scaled @ below.T
            a[rest, k : k + size] = scaled
        pivots[k : k + size] = row + 1 if size == 1 else -(row + 1)
        k += size
    return np.tril(a), pivots, info


class _LDL(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        given = lapack.array(a)
        factors = np.zeros_like(given)
        pivots = np.zeros(given.shape[:-1], np.int32)
        info = np.zeros(given.shape[:-2], np.int32)
        for index, matrix in lapack.each_matrix(given):
            factors[index], pivots[index], info[index] = _factor(matrix)
        return lapack.tensor(factors), lapack.tensor(pivots), lapack.tensor(info)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Tensor:
        raise NotImplementedError("linalg.ldl_factor: there is no gradient")


def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> LDLFactorEx:
    """:func:`ldl_factor`, and for each matrix its first pivot that is 0, from 1; else 0.

    >>> import engine
    >>> engine.linalg.ldl_factor_ex(engine.zeros(2, 2)).info
    tensor(1, dtype=int32)
    """
    return _ldl("linalg.ldl_factor_ex", A, check_errors)


def ldl_factor(A: Tensor, *, hermitian: bool = False) -> LDLFactor:
    """L and D of ``A = L D L^T`` for symmetric A (..., n, n), in one tensor, and the pivots.

    Only the lower triangle of A is read. D has blocks of size 1 and 2; the layout and the pivots
    are those of LAPACK's sytrf, for :func:`ldl_solve`. ``hermitian`` makes no difference for real
    matrices. Raises LinAlgError if D is singular. There is no gradient.

    >>> import engine
    >>> engine.linalg.ldl_factor(engine.tensor([[2.0, 1.0], [1.0, 1.0]])).LD
    tensor([[2.0000, 0.0000],
            [0.5000, 0.5000]])
    """
    return LDLFactor(*_ldl("linalg.ldl_factor", A, True)[:2])


def _ldl(function: str, a: Tensor, check_errors: bool) -> LDLFactorEx:
    lapack.check_matrices(function, "A", a, square=True)
    result = LDLFactorEx(*_LDL.apply(a))
    if check_errors:
        lapack.raise_if_failed(function, "A", result.info, lapack.SINGULAR)
    return result


def _steps(pivots: np.ndarray) -> list[tuple[int, int]]:
    """The start and size of each block of D."""
    steps, k = [], 0
    while k < len(pivots):
        size = 1 if pivots[k] > 0 else 2
        steps.append((k, size))
        k += size
    return steps


def _solve(factors: np.ndarray, pivots: np.ndarray, b: np.ndarray) -> np.ndarray:
    x, steps = b.copy(), _steps(pivots)
    for k, size in steps:
        last, row = k + size - 1, abs(int(pivots[k])) - 1
        x[[last, row]] = x[[row, last]]
        x[k + size :] -= factors[k + size :, k : k + size] @ x[k : k + size]
    for k, size in reversed(steps):
        block = factors[k : k + size, k : k + size]
        block = np.tril(block) + np.tril(block, -1).T
        x[k : k + size] = np.linalg.solve(block, x[k : k + size])
    for k, size in reversed(steps):
        last, row = k + size - 1, abs(int(pivots[k])) - 1
        x[k : k + size] -= factors[k + size :, k : k + size].T @ x[k + size :]
        x[[last, row]] = x[[row, last]]
    return x


class _LDLSolve(Function):
    @staticmethod
    def forward(ctx: Any, factors: Tensor, pivots: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(factors, pivots)
        given, order = lapack.array(factors), lapack.array(pivots)
        x = np.array(lapack.array(b))
        for index, matrix in lapack.each_matrix(given):
            x[index] = lapack.run("linalg.ldl_solve", _solve, matrix, order[index], x[index])
        return lapack.tensor(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, None, Tensor]:
        return None, None, _LDLSolve.apply(*ctx.saved_tensors, grad)


def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """X of ``A X = B`` for a matrix that :func:`ldl_factor` has factored.

    B is (..., n, k), and batch dimensions broadcast. The gradient is that of B alone.

    >>> import engine
    >>> factors = engine.linalg.ldl_factor(engine.tensor([[0.0, 1.0], [1.0, 0.0]]))
    >>> engine.linalg.ldl_solve(*factors, engine.tensor([[2.0], [3.0]]))
    tensor([[3.],
            [2.]])
    """
    function = "linalg.ldl_solve"
    lapack.check_matrices(function, "LD", LD, square=True)
    lapack.check_matrices(function, "B", B)
    lapack.check_same_dtype(function, LD, B)
    if pivots.shape != LD.shape[:-1] or B.shape[-2] != LD.shape[-1]:
        raise RuntimeError(
            f"{function}: LD of shape {tuple(LD.shape)} does not fit pivots of shape "
            f"{tuple(pivots.shape)} and B of shape {tuple(B.shape)}"
        )
    LD, B = broadcast_matrices(LD, B)
    return _LDLSolve.apply(LD.detach(), pivots.expand(LD.shape[:-1]), B)
