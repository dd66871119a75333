"""Functions over tensors that are no ops of the table: questions, calls of varying arity."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._creation import tensor
from engine._refusals import guard_functions
from engine._tensor import method

__all__ = [
    "allclose",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "combinations",
    "einsum",
    "equal",
    "is_complex",
    "is_floating_point",
    "is_nonzero",
    "is_same_size",
    "is_tensor",
    "numel",
    "scalar_tensor",
    "unique",
    "unique_consecutive",
]


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor.

    >>> import engine
    >>> engine.is_tensor(1.0)
    False
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements of ``input`` are floating-point numbers.

    >>> import engine
    >>> engine.is_floating_point(engine.tensor([1]))
    False
    """
    return input.dtype.is_floating_point


def is_complex(input: Tensor) -> bool:
    """Whether the elements of ``input`` are complex numbers: there are no complex dtypes yet.

    >>> import engine
    >>> engine.is_complex(engine.zeros(2))
    False
    """
    return input.is_complex()


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element of ``input`` is not zero. Raises RuntimeError if there are several.

    >>> import engine
    >>> engine.is_nonzero(engine.tensor([3]))
    True
    """
    return bool(input)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape.

    >>> import engine
    >>> engine.is_same_size(engine.zeros(2), engine.zeros(2, 1))
    False
    """
    return input.shape == other.shape


def scalar_tensor(
    s: float,
    *,
    dtype: _C.dtype | None = None,
    device: _C.device | str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A 0-d tensor of a number, float32 unless another dtype is given.

    >>> import engine
    >>> engine.scalar_tensor(2)
    tensor(2.)
    """
    dtype = _C.float32 if dtype is None else dtype
    return _C.full((), s, dtype=dtype, device=device, requires_grad=requires_grad)


def numel(input: Tensor) -> int:
    """The number of elements.

    >>> import engine
    >>> engine.numel(engine.zeros(2, 3))
    6
    """
    return input.numel()


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and elements.

    >>> import engine
    >>> engine.equal(engine.tensor([1, 2]), engine.tensor([1, 2]))
    True
    """
    return input.shape == other.shape and bool((input == other).all().item())


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements agree within ``atol + rtol * |other|``.

    >>> import engine
    >>> engine.allclose(engine.tensor([1.0]), engine.tensor([1.0 + 1e-7]))
    True
    """
    return bool(_C.isclose(input, other, rtol, atol, equal_nan).all().item())


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products over named dimensions, in the notation of NumPy's einsum.

    ``...`` stands for dimensions that broadcast; without ``->`` the result has the letters that
    come once, in alphabetical order. The operands may also be given as one list.

    >>> import engine
    >>> engine.einsum("ij,j->i", engine.ones(2, 3), engine.ones(3))
    tensor([3., 3.])
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return _C._einsum(equation, list(operands))


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors expanded to their common shape.

    >>> import engine
    >>> engine.broadcast_tensors(engine.zeros(2, 1), engine.zeros(3))[1].shape
    Size([2, 3])
    """
    return _C._broadcast_all(list(tensors))


def broadcast_shapes(*shapes: int | Sequence[int]) -> _C.Size:
    """The shape that tensors of the given shapes broadcast to. Raises RuntimeError if they don't.

    >>> import engine
    >>> engine.broadcast_shapes((2, 1), (3,))
    Size([2, 3])
    """
    sizes = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    element = _C.empty(())
    return broadcast_tensors(element, *(element.expand(size) for size in sizes))[0].shape


def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the given matrices along its diagonal and zeros elsewhere.

    A vector is a row, a 0-d tensor a matrix of one element.

    >>> import engine
    >>> engine.block_diag(engine.tensor([[1]]), engine.tensor([2, 3]))
    tensor([[1, 0, 0],
            [0, 2, 3]])
    """
    blocks = [_C.atleast_2d(t) for t in tensors]
    width, rows, before = sum(b.shape[1] for b in blocks), [], 0
    for block in blocks:
        if block.dim() > 2:
            raise RuntimeError(f"block_diag: expected matrices, got shape {tuple(block.shape)}")
        rows.append(_C.pad(block, [before, width - before - block.shape[1]]))
        before += block.shape[1]
    return _C.cat(rows) if rows else _C.empty(1, 0)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Every choice of one element from each of the vectors, a row each; of one vector, itself.

    >>> import engine
    >>> engine.cartesian_prod(engine.tensor([1, 2]), engine.tensor([3, 4])).tolist()
    [[1, 3], [1, 4], [2, 3], [2, 4]]
    """
    if len(tensors) == 1:
        return tensors[0]
    return _C.stack([t.flatten() for t in _C.meshgrid(list(tensors), indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Every choice of ``r`` elements of a vector, a row each, in the order of their places.

    >>> import engine
    >>> engine.combinations(engine.tensor([1, 2, 3])).tolist()
    [[1, 2], [1, 3], [2, 3]]
    """
    if input.dim() != 1:
        raise RuntimeError(f"combinations: input: expected a vector, got {tuple(input.shape)}")
    if r < 0:
        raise ValueError(f"combinations: r: expected 0 or more, got {r}")
    if r > len(input) and not with_replacement:
        return input.new_empty(0, r)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    try:
        places = list(choose(range(len(input)), r))
    except (MemoryError, OverflowError):
        raise RuntimeError(f"combinations: r: out of memory for choices of {r}") from None
    return input[tensor(places, dtype=_C.int64).reshape(len(places), r)]


def _chosen(found: Any, inverse: bool, counts: bool) -> Any:
    """What a search for distinct elements was asked for: a tensor, or a tuple of several."""
    wanted = (
        found.values,
        *([found.inverse] if inverse else []),
        *([found.counts] if counts else []),
    )
    return wanted if len(wanted) > 1 else wanted[0]


def _distinct_slices(input: Tensor, dim: int, sorted: bool, inverse: bool, counts: bool) -> Any:
    """The distinct slices of a dimension, or the first of each run of equal ones."""
    lines = input.movedim(dim, 0)
    found = _C._unique_rows(lines.reshape(lines.shape[0], lines[:1].numel()), sorted)
    wanted = (
        input.index_select(dim, found.places),
        *([found.inverse] if inverse else []),
        *([found.counts] if counts else []),
    )
    return wanted if len(wanted) > 1 else wanted[0]


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in ascending order, whether ``sorted`` is asked for or not.

    With ``return_inverse`` also the place of each element of ``input`` among them, with
    ``return_counts`` also how often each comes. Every nan is distinct. With ``dim`` it is the
    slices of that dimension that are compared.

    >>> import engine
    >>> engine.unique(engine.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    if dim is not None:
        return _distinct_slices(input, dim, True, return_inverse, return_counts)
    return _chosen(_C._unique(input), return_inverse, return_counts)


def unique_consecutive(
    input: Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The first element of each run of equal ones, in the order of ``input`` flattened.

    The options are those of :func:`unique`.

    >>> import engine
    >>> engine.unique_consecutive(engine.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    if dim is not None:
        return _distinct_slices(input, dim, False, return_inverse, return_counts)
    return _chosen(_C._unique_consecutive(input), return_inverse, return_counts)


guard_functions(globals(), __all__)
for _function in (allclose, equal, is_nonzero, is_same_size, unique, unique_consecutive):
    method(_function)
