"""Products and powers of matrices and vectors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from engine import _C
from engine._C import Tensor
from engine.linalg import lapack
from engine.linalg.solvers import inv


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: ``engine.matmul``.

    >>> import engine
    >>> engine.linalg.matmul(engine.ones(1, 2), engine.ones(2, 1))
    tensor([[2.]])
    """
    return _C.matmul(input, other)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A view of the diagonals of matrices: ``engine.diagonal`` of the last two dimensions.

    >>> import engine
    >>> engine.linalg.diagonal(engine.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return _C.diagonal(A, offset, dim1, dim2)


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product along ``dim``, of size 3.

    >>> import engine
    >>> engine.linalg.cross(engine.tensor([1, 0, 0]), engine.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    if input.dim() != other.dim():
        raise RuntimeError(
            f"linalg.cross: expected the same number of dims, got {input.dim()} and {other.dim()}"
        )
    return _C.cross(input, other, dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The dot products of vectors along ``dim``.

    >>> import engine
    >>> engine.linalg.vecdot(engine.ones(2, 3), engine.ones(3))
    tensor([3., 3.])
    """
    return (x * y).sum(dim)


def vander(x: Tensor, N: int | None = None) -> Tensor:
    """Vandermonde matrices: rows ``1, x, x^2, ...`` of N elements, by default the length of x.

    >>> import engine
    >>> engine.linalg.vander(engine.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    x = x.unsqueeze(0) if x.dim() == 0 else x
    n = x.shape[-1] if N is None else N
    if n <= 1:
        raise RuntimeError(f"linalg.vander: N: expected more than 1, got {n}")
    factors = x.unsqueeze(-1).expand((*x.shape, n - 1))
    ones = _C.ones_like(factors[..., :1])
    return _C.cat([ones, factors], -1).cumprod(-1)


def _cheapest_splits(sizes: Sequence[int]) -> list[list[int]]:
    """The split of each run of matrices that needs the fewest multiplications."""
    n = len(sizes) - 1
    cost = [[0] * n for _ in range(n)]
    split = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            options = [
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i][j], split[i][j] = min(options)
    return split


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two or more matrices in the order that needs the fewest multiplications.

    The first and the last may be vectors, taken as a row and as a column. Cormen et al.,
    "Introduction to Algorithms", chapter 15.2.

    >>> import engine
    >>> engine.linalg.multi_dot([engine.ones(2), engine.ones(2, 3), engine.ones(3)])
    tensor(6.)
    """
    function, given = "linalg.multi_dot", list(tensors)
    if len(given) < 2:
        raise RuntimeError(f"{function}: tensors: expected at least 2, got {len(given)}")
    row, column = given[0].dim() == 1, given[-1].dim() == 1
    if row:
        given[0] = given[0].unsqueeze(0)
    if column:
        given[-1] = given[-1].unsqueeze(1)
    for position, matrix in enumerate(given):
        if matrix.dim() != 2:
            raise RuntimeError(
                f"{function}: tensors[{position}]: expected a matrix, got {matrix.dim()} dims"
            )
    for left, right in itertools.pairwise(given):
        if left.shape[1] != right.shape[0]:
            raise RuntimeError(
                f"{function}: shapes {tuple(left.shape)} and {tuple(right.shape)} do not fit"
            )
    split = _cheapest_splits([given[0].shape[0], *(m.shape[1] for m in given)])

    def product(i: int, j: int) -> Tensor:
        if i == j:
            return given[i]
        k = split[i][j]
        return product(i, k) @ product(k + 1, j)

    result = product(0, len(given) - 1)
    if row:
        result = result.squeeze(0)
    return result.squeeze(-1) if column else result


def matrix_power(A: Tensor, n: int) -> Tensor:
    """A square matrix multiplied ``n`` times; its inverse ``-n`` times if n is negative.

    >>> import engine
    >>> engine.linalg.matrix_power(engine.tensor([[2.0]]), -2)
    tensor([[0.2500]])
    """
    return _C.matrix_power(A, n) if n >= 0 else _C.matrix_power(inv(A), -n)


_TERMS = 18  # of the exponential's series: beyond float64's precision for norms up to 1


def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of square matrices: Taylor's series after scaling, then squaring.

    >>> import engine
    >>> engine.linalg.matrix_exp(engine.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    lapack.check_matrices("linalg.matrix_exp", "A", A, square=True)
    if A.numel() == 0:
        return A.clone()
    size = A.detach().abs().sum(-2).max().item()
    if not math.isfinite(size):
        return A * math.nan
    squarings = max(0, math.ceil(math.log2(size))) if size > 0 else 0
    scaled = A / 2**squarings
    identity = _C.eye(A.shape[-1], dtype=A.dtype)
    result = identity + scaled / _TERMS
    for k in range(_TERMS - 1, 0, -1):
        result = identity + scaled @ result / k
    for _ in range(squarings):
        result = result @ result
    return result


def householder_product(A: Tensor, tau: Tensor) -> Tensor:
    """The first n columns of the product of Householder reflections ``I - tau_i v_i v_i^T``.

    The vectors v are the columns of A (..., m, n) below the diagonal, with 1 on it.

    >>> import engine
    >>> engine.linalg.householder_product(engine.eye(2), engine.tensor([2.0, 0.0]))
    tensor([[-1.,  0.],
            [ 0.,  1.]])
    """
    lapack.check_matrices("linalg.householder_product", "A", A)
    m, n = A.shape[-2:]
    if n > m or tau.shape[-1] > n:
        raise RuntimeError(
            f"linalg.householder_product: A of shape {tuple(A.shape)} and tau of shape "
            f"{tuple(tau.shape)}: expected m >= n >= the number of reflections"
        )
    return _reflected(A, tau, _C.eye(m, n, dtype=A.dtype).expand(A.shape), forward=False)


def _reflected(a: Tensor, tau: Tensor, x: Tensor, forward: bool) -> Tensor:
    """The reflections of ``a`` applied to x, the first one first or last."""
    vectors = a.tril(-1) + _C.eye(*a.shape[-2:], dtype=a.dtype)
    count = tau.shape[-1]
    for i in range(count) if forward else reversed(range(count)):
        v = vectors[..., :, i : i + 1]
        x = x - tau[..., i, None, None] * (v @ (v.mT @ x))
    return x


def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """See ``engine.ormqr``."""
    lapack.check_matrices("ormqr", "input", input)
    lapack.check_matrices("ormqr", "other", other)
    lapack.check_same_dtype("ormqr", input, other)
    m, size = input.shape[-2], other.shape[-2 if left else -1]
    if m != size or tau.shape[-1] > min(input.shape[-2:]):
        raise RuntimeError(
            f"ormqr: input of shape {tuple(input.shape)} and tau of shape {tuple(tau.shape)} do "
            f"not fit other of shape {tuple(other.shape)}"
        )
    if left:
        return _reflected(input, tau, other, forward=transpose)
    return _reflected(input, tau, other.mT, forward=not transpose).mT
