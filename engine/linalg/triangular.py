"""Systems with triangular matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine.autograd.function import Function
from engine.linalg import lapack


class TriangularSolution(NamedTuple):
    """The result of ``engine.triangular_solve``."""

    solution: Tensor
    cloned_coefficient: Tensor


def _substitute(a: np.ndarray, b: np.ndarray, upper: bool, unit: bool) -> np.ndarray:
    """Backward or forward substitution, row by row for the whole batch."""
    n = a.shape[-1]
    x = np.array(np.broadcast_to(b, np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + b.shape[-2:]))
    for i in reversed(range(n)) if upper else range(n):
        known = slice(i + 1, n) if upper else slice(0, i)
        x[..., i, :] -= (a[..., i : i + 1, known] @ x[..., known, :])[..., 0, :]
        if not unit:
            x[..., i, :] /= a[..., i, i, None]
    return x


class _SolveTriangular(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, upper: bool, unit: bool) -> Tensor:
        with np.errstate(all="ignore"):
            x = lapack.tensor(_substitute(lapack.array(a), lapack.array(b), upper, unit))
        ctx.upper, ctx.unit = upper, unit
        ctx.save_for_backward(a, x)
        return x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        a, x = ctx.saved_tensors
        grad_b = _SolveTriangular.apply(a.mT, grad, not ctx.upper, ctx.unit)
        grad_a = -(grad_b @ x.mT)
        grad_a = grad_a.triu(int(ctx.unit)) if ctx.upper else grad_a.tril(-int(ctx.unit))
        return grad_a, grad_b, None, None


def broadcast_matrices(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both operands expanded to one batch shape."""
    from engine._functions import broadcast_shapes

    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return a.expand(batch + a.shape[-2:]), b.expand(batch + b.shape[-2:])


def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """X of ``A X = B`` for triangular A (..., n, n) and B (..., n, k); of ``X A = B`` if not left.

    Only the named triangle of A is read, without its diagonal, taken as 1, if ``unitriangular``.
    Batch dimensions broadcast. A 0 on the diagonal gives inf or nan.

    >>> import engine
    >>> A = engine.tensor([[2.0, 1.0], [0.0, 4.0]])
    >>> engine.linalg.solve_triangular(A, engine.tensor([[4.0], [8.0]]), upper=True)
    tensor([[1.],
            [2.]])
    """
    function = "linalg.solve_triangular"
    lapack.check_matrices(function, "A", A, square=True)
    lapack.check_matrices(function, "B", B)
    lapack.check_same_dtype(function, A, B)
    if B.shape[-2 if left else -1] != A.shape[-1]:
        raise RuntimeError(
            f"{function}: A of shape {tuple(A.shape)} does not fit B of shape {tuple(B.shape)}"
        )
    if not left:
        transposed = solve_triangular(A.mT, B.mT, upper=not upper, unitriangular=unitriangular)
        return transposed.mT
    A, B = broadcast_matrices(A, B)
    return _C.contiguous(_SolveTriangular.apply(A, B, upper, unitriangular))
