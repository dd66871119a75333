"""Linear algebra outside of ``engine.linalg``: PyTorch's older functions and Tensor's methods.

``engine.linalg`` is imported when one of them is first called.
"""

from __future__ import annotations

import math
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._lazy import linalg
from engine._tensor import method

__all__ = [
    "chain_matmul",
    "cholesky",
    "cholesky_inverse",
    "cholesky_solve",
    "det",
    "geqrf",
    "inverse",
    "logdet",
    "lu",
    "lu_solve",
    "lu_unpack",
    "matrix_exp",
    "orgqr",
    "ormqr",
    "pinverse",
    "qr",
    "slogdet",
    "svd",
    "triangular_solve",
    "vander",
]


def det(input: Tensor) -> Tensor:
    """The determinants of square matrices: ``linalg.det``.

    >>> import engine
    >>> engine.det(engine.eye(2))
    tensor(1.)
    """
    return linalg.det(input)


def slogdet(input: Tensor) -> Any:
    """The signs and logarithms of determinants: ``linalg.slogdet``.

    >>> import engine
    >>> engine.slogdet(engine.eye(2)).logabsdet
    tensor(0.)
    """
    return linalg.slogdet(input)


def inverse(input: Tensor) -> Tensor:
    """The inverses of square matrices: ``linalg.inv``.

    >>> import engine
    >>> engine.inverse(engine.tensor([[4.0]]))
    tensor([[0.2500]])
    """
    return linalg.inv(input)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverses of matrices: ``linalg.pinv``.

    >>> import engine
    >>> engine.pinverse(engine.tensor([[4.0, 0.0]]))
    tensor([[0.2500],
            [0.0000]])
    """
    return linalg.pinv(input, rcond)


def matrix_exp(input: Tensor) -> Tensor:
    """The exponentials of square matrices: ``linalg.matrix_exp``.

    >>> import engine
    >>> engine.matrix_exp(engine.zeros(1, 1))
    tensor([[1.]])
    """
    return linalg.matrix_exp(input)


def orgqr(input: Tensor, input2: Tensor) -> Tensor:
    """The product of Householder reflections: ``linalg.householder_product``.

    >>> import engine
    >>> engine.orgqr(engine.eye(2), engine.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    return linalg.householder_product(input, input2)


def geqrf(input: Tensor) -> Any:
    """The QR factors as LAPACK stores them; there is no gradient.

    ``a`` (..., m, n) has R above and below the Householder reflections of Q, ``tau`` (..., k), k
    the lesser of m and n, their weights: what ``orgqr`` and ``ormqr`` take.

    >>> import engine
    >>> engine.geqrf(engine.tensor([[3.0], [4.0]])).tau
    tensor([1.6000])
    """
    return linalg.geqrf(input)


def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """``Q @ other``, Q the whole product of Householder reflections, as ``geqrf`` gives them.

    ``other @ Q`` if not ``left``; Q's transpose with ``transpose``. Q is (..., m, m) for the
    reflections ``input`` (..., m, k) and ``tau`` (..., k).

    >>> import engine
    >>> reflections = engine.geqrf(engine.tensor([[3.0], [4.0]]))
    >>> engine.ormqr(*reflections, engine.tensor([[3.0], [4.0]]), transpose=True)
    tensor([[-5.],
            [ 0.]])
    """
    return linalg.ormqr(input, tau, other, left, transpose)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The Vandermonde matrix of a vector, its powers descending unless ``increasing``.

    >>> import engine
    >>> engine.vander(engine.tensor([2, 3]))
    tensor([[2, 1],
            [3, 1]])
    """
    if x.dim() != 1:
        raise RuntimeError(f"vander: x: expected a vector, got shape {tuple(x.shape)}")
    n = len(x) if N is None else N
    if n < 0:
        raise RuntimeError(f"vander: N: expected 0 or more, got {n}")
    powers = x.unsqueeze(-1).pow(_C.arange(n))
    return powers if increasing else powers.flip(-1)


def logdet(input: Tensor) -> Tensor:
    """The logarithm of determinants; nan where they are negative, -inf where they are 0.

    >>> import engine
    >>> engine.logdet(engine.eye(2))
    tensor(0.)
    """
    sign, log = linalg.slogdet(input)
    return _C.where(sign < 0, math.nan, log)


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The Cholesky factor: ``engine.linalg.cholesky``, of the lower triangle also with ``upper``.

    >>> import engine
    >>> engine.cholesky(engine.tensor([[4.0]]))
    tensor([[2.]])
    """
    factor = linalg.cholesky(input)
    return factor.mT if upper else factor


def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """X of ``A X = input``, of A's Cholesky factor ``L``, or its transpose with ``upper``.

    >>> import engine
    >>> engine.cholesky_solve(engine.tensor([[8.0]]), engine.tensor([[2.0]]))
    tensor([[2.]])
    """
    factor = L.mT if upper else L
    half = linalg.solve_triangular(factor, input, upper=False)
    return linalg.solve_triangular(factor.mT, half, upper=True)


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverse of A, of its Cholesky factor.

    >>> import engine
    >>> engine.cholesky_inverse(engine.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    return cholesky_solve(_C.eye(input.shape[-1], dtype=input.dtype), input, upper)


def triangular_solve(
    b: Tensor,
    A: Tensor,
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
) -> Any:
    """X of ``A X = b`` for triangular A, and a copy of A; prefer ``linalg.solve_triangular``.

    >>> import engine
    >>> engine.triangular_solve(engine.tensor([[4.0]]), engine.tensor([[2.0]])).solution
    tensor([[2.]])
    """
    matrix = A.mT if transpose else A
    solution = linalg.solve_triangular(
        matrix, b, upper=upper != transpose, unitriangular=unitriangular
    )
    return linalg.TriangularSolution(solution, A.clone())


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """U, S and V of ``input = U diag(S) V^T``; prefer ``linalg.svd``.

    ``some`` returns the reduced U and V; without ``compute_uv`` U and V are zeros.

    >>> import engine
    >>> engine.svd(engine.tensor([[2.0]])).S
    tensor([2.])
    """
    if not compute_uv:
        m, n = input.shape[-2:]
        batch = tuple(input.shape[:-2])
        values = linalg.svd(input, full_matrices=False).S
        return linalg.OldSVD(
            input.new_zeros((*batch, m, m)), values, input.new_zeros((*batch, n, n))
        )
    u, s, vh = linalg.svd(input, full_matrices=not some)
    return linalg.OldSVD(u, s, vh.mT)


def qr(input: Tensor, some: bool = True) -> Any:
    """Q and R; prefer ``linalg.qr``.

    >>> import engine
    >>> engine.qr(engine.eye(2)).Q.shape
    Size([2, 2])
    """
    return linalg.qr(input, "reduced" if some else "complete")


def lu(input: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """The packed LU factors and pivots, with ``get_infos`` the first zero pivots too.

    >>> import engine
    >>> engine.lu(engine.eye(2))[1]
    tensor([1, 2], dtype=int32)
    """
    if get_infos:
        return tuple(linalg.lu_factor_ex(input, pivot=pivot))
    return tuple(linalg.lu_factor(input, pivot=pivot))


def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """X of ``A X = b``, of A's packed LU factors; prefer ``linalg.lu_solve``.

    >>> import engine
    >>> engine.lu_solve(engine.tensor([[4.0]]), *engine.lu(engine.tensor([[2.0]])))
    tensor([[2.]])
    """
    return linalg.lu_solve(LU_data, LU_pivots, b)


def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """P, L and U of packed LU factors; those not asked for are empty.

    >>> import engine
    >>> engine.lu_unpack(*engine.lu(engine.eye(2))).L
    tensor([[1., 0.],
            [0., 1.]])
    """
    empty = LU_data.new_empty((0,))
    lower, upper = linalg.unpacked(LU_data) if unpack_data else (empty, empty)
    order = empty
    if unpack_pivots:
        order = linalg.permutation_matrix(LU_pivots, LU_data.shape[-2], LU_data.dtype)
    return linalg.UnpackedLU(order, lower, upper)


def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of matrices; deprecated: ``linalg.multi_dot``.

    >>> import engine
    >>> engine.chain_matmul(engine.eye(2), engine.ones(2, 1))
    tensor([[1.],
            [1.]])
    """
    return matrices[0] if len(matrices) == 1 else linalg.multi_dot(matrices)


guard_functions(globals(), __all__)
for _function in (
    cholesky,
    cholesky_inverse,
    cholesky_solve,
    det,
    geqrf,
    inverse,
    logdet,
    lu,
    lu_solve,
    matrix_exp,
    orgqr,
    ormqr,
    pinverse,
    qr,
    slogdet,
    svd,
    triangular_solve,
):
    method(_function)
