"""Functions of tensors outside the op table: predicates, and functions of varying arity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._lazy import numpy as np
from engine._out import write_out
from engine._tensor import method

__all__ = [
    "allclose",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "combinations",
    "conj",
    "diagflat",
    "einsum",
    "equal",
    "frombuffer",
    "get_device",
    "is_complex",
    "is_conj",
    "is_floating_point",
    "is_inference",
    "is_neg",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_tensor",
    "meshgrid",
    "nonzero",
    "numel",
    "real",
    "result_type",
    "scalar_tensor",
    "tensordot",
    "typename",
    "unique",
    "unique_consecutive",
    "unravel_index",
    "where",
]


def is_tensor(obj: Any) -> bool:
    """True if ``obj`` is a tensor.

    >>> import engine
    >>> engine.is_tensor(1.0)
    False
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """True if the elements of ``input`` are floating-point numbers.

    >>> import engine
    >>> engine.is_floating_point(engine.tensor([1]))
    False
    """
    return input.dtype.is_floating_point


def is_complex(input: Tensor) -> bool:
    """True if the elements of ``input`` are complex numbers: there are no complex dtypes yet.

    >>> import engine
    >>> engine.is_complex(engine.zeros(2))
    False
    """
    return input.is_complex()


def is_conj(input: Tensor) -> bool:
    """Returns False: tensors have no lazy conjugation, as there are no complex dtypes yet.

    >>> import engine
    >>> engine.is_conj(engine.zeros(2))
    False
    """
    return input.is_conj()


def is_neg(input: Tensor) -> bool:
    """Returns False: tensors have no lazy negation.

    >>> import engine
    >>> engine.is_neg(engine.zeros(2))
    False
    """
    return input.is_neg()


def is_signed(input: Tensor) -> bool:
    """True if the elements of ``input`` can be negative.

    >>> import engine
    >>> engine.is_signed(engine.tensor([True]))
    False
    """
    return input.is_signed()


def is_inference(input: Tensor) -> bool:
    """True if ``input`` was created in inference mode.

    >>> import engine
    >>> engine.is_inference(engine.zeros(2))
    False
    """
    return input.is_inference()


def get_device(input: Tensor) -> int:
    """The index of the device of ``input``, -1 for the CPU.

    >>> import engine
    >>> engine.get_device(engine.zeros(2))
    -1
    """
    return input.get_device()


def typename(obj: Any) -> str:
    """The name of an object's type with its module; for a tensor that of :meth:`Tensor.type`.

    >>> import engine
    >>> engine.typename(engine.zeros(2)), engine.typename("a")
    ('torch.FloatTensor', 'str')
    """
    if isinstance(obj, Tensor):
        name: str = obj.type()
        return name
    module = type(obj).__module__
    return type(obj).__qualname__ if module == "builtins" else f"{module}.{type(obj).__qualname__}"


def frombuffer(
    buffer: Any, *, dtype: _C.dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A vector that shares the memory of an object with Python's buffer protocol.

    ``count`` elements, or all of them, from byte ``offset``. Read-only memory gives a tensor that
    cannot be written. Raises ValueError if the range exceeds the buffer.

    >>> import engine
    >>> engine.frombuffer(bytearray(b"\\x01\\x00\\x02\\x00"), dtype=engine.int16)
    tensor([1, 2], dtype=int16)
    """
    try:
        data = np.frombuffer(buffer, np.uint8) if len(memoryview(buffer).cast("B")) else None
    except TypeError:
        raise ValueError(
            f"frombuffer: argument 'buffer': expected an object with a buffer, "
            f"got {type(buffer).__name__}"
        ) from None
    length = 0 if data is None else data.nbytes
    if data is None or count == 0 or count < -1:
        raise ValueError(
            f"frombuffer: expected a buffer and a count that are not empty, "
            f"got {length} bytes and count {count}"
        )
    if not 0 <= offset < length:
        raise ValueError(f"frombuffer: offset: expected 0 to {length - 1}, got {offset}")
    size = dtype.itemsize
    if count == -1 and (length - offset) % size:
        raise ValueError(
            f"frombuffer: {length - offset} bytes are no multiple of the {size} of {dtype}"
        )
    count = (length - offset) // size if count == -1 else count
    if offset + count * size > length:
        raise ValueError(
            f"frombuffer: {count} elements of {size} bytes from {offset} exceed {length} bytes"
        )
    memory = _C.from_numpy(data[offset : offset + count * size])
    return _C._view_storage(memory, dtype, [count], [1], 0).requires_grad_(requires_grad)


def result_type(tensor1: Tensor | float, tensor2: Tensor | float) -> _C.dtype:
    """The dtype of arithmetic between two tensors or numbers.

    >>> import engine
    >>> engine.result_type(engine.tensor([1, 2]), 1.0)
    engine.float32
    """
    given: tuple[Any, Any] = (tensor1, tensor2)
    # Empty, so that nothing is computed. Numbers rank below all tensors.
    samples = [
        _C.zeros((0,) if x.ndim else (), dtype=x.dtype) for x in given if isinstance(x, Tensor)
    ]
    found = samples[0] if samples else _C.zeros((), dtype=_C.bool)
    for other in [*samples[1:], *(x for x in given if not isinstance(x, Tensor))]:
        found = found if isinstance(other, bool) else _C.add(found, other)
    return found.dtype


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinate grids of vectors, given as arguments or as a list, each along its own dimension.

    ``'xy'`` swaps the first two dimensions; the default is ``'ij'``.

    >>> import engine
    >>> [g.shape for g in engine.meshgrid(engine.zeros(2), engine.zeros(3))]
    [Size([2, 3]), Size([2, 3])]
    """
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    return tuple(_C.meshgrid(list(given), indexing="ij" if indexing is None else indexing))


def nonzero(input: Tensor, *, out: Tensor | None = None, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: a row of indices for each, in row-major order.

    With ``as_tuple`` a tuple of index vectors, one per dimension, as indexing takes them.

    >>> import engine
    >>> x = engine.tensor([[0, 5], [6, 0]])
    >>> engine.nonzero(x)
    tensor([[0, 1],
            [1, 0]])
    >>> x[engine.nonzero(x, as_tuple=True)]
    tensor([5, 6])
    """
    if as_tuple and out is not None:
        raise RuntimeError("nonzero: out does not go with as_tuple=True")
    if not as_tuple:
        found = _C.nonzero(input)
        return found if out is None else write_out("nonzero", found, out)
    return tuple(_C.nonzero(input.reshape(1) if input.ndim == 0 else input).unbind(1))


def where(condition: Tensor, *operands: Any, **options: Any) -> Any:
    """``input`` where ``condition`` holds and ``other`` elsewhere; of ``condition`` alone, the
    indices of its elements that are not zero, one vector for each dimension.

    >>> import engine
    >>> engine.where(engine.tensor([True, False]), engine.tensor([1, 2]), 0)
    tensor([1, 0])
    >>> engine.where(engine.tensor([0, 3, 4]))
    (tensor([1, 2]),)
    """
    if operands or options:
        return _C.where(condition, *operands, **options)
    return nonzero(condition, as_tuple=True)


def _assert(condition: Any, message: str) -> None:
    assert condition, message


def conj(input: Tensor) -> Tensor:
    """``input`` itself: there are no complex numbers yet.

    >>> import engine
    >>> engine.conj(engine.ones(1))
    tensor([1.])
    """
    return input.conj()


def real(input: Tensor) -> Tensor:
    """``input`` itself: there are no complex numbers yet.

    >>> import engine
    >>> engine.real(engine.ones(1))
    tensor([1.])
    """
    return input.real


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with the elements of ``input`` on a diagonal.

    >>> import engine
    >>> engine.diagflat(engine.tensor([[1], [2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return input.flatten().diag(offset)


def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """The indices in each dimension of ``shape`` of positions in its row-major order.

    Raises ValueError for positions out of range, TypeError if they are not integers.

    >>> import engine
    >>> engine.unravel_index(engine.tensor([0, 5]), (2, 3))
    (tensor([0, 1]), tensor([0, 2]))
    """
    sizes = [shape] if isinstance(shape, int) else list(shape)
    if indices.dtype.is_floating_point or indices.dtype == _C.bool:
        raise TypeError(f"unravel_index: indices: expected integers, got {indices.dtype}")
    total = math.prod(sizes)
    if bool(((indices < 0) | (indices >= total)).any().item()):
        raise ValueError(f"unravel_index: indices: expected 0 to {total - 1} for shape {sizes}")
    found: list[Tensor] = []
    for size in reversed(sizes):
        found.insert(0, indices % size)
        indices = indices // size
    return tuple(found)


def is_nonzero(input: Tensor) -> bool:
    """True if the one element of ``input`` is not zero. Raises RuntimeError if there are several.

    >>> import engine
    >>> engine.is_nonzero(engine.tensor([3]))
    True
    """
    return bool(input)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """True if both have the same shape.

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
    """A 0-d tensor of a number, in the default dtype unless another is given.

    >>> import engine
    >>> engine.scalar_tensor(2)
    tensor(2.)
    """
    dtype = _C.get_default_dtype() if dtype is None else dtype
    return _C.full((), s, dtype=dtype, device=device, requires_grad=requires_grad)


def numel(input: Tensor) -> int:
    """The number of elements.

    >>> import engine
    >>> engine.numel(engine.zeros(2, 3))
    6
    """
    return input.numel()


def equal(input: Tensor, other: Tensor) -> bool:
    """True if both have the same shape and elements.

    >>> import engine
    >>> engine.equal(engine.tensor([1, 2]), engine.tensor([1, 2]))
    True
    """
    return input.shape == other.shape and bool((input == other).all().item())


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """True if all elements agree within ``atol + rtol * |other|``.

    >>> import engine
    >>> engine.allclose(engine.tensor([1.0]), engine.tensor([1.0 + 1e-7]))
    True
    """
    return bool(_C.isclose(input, other, rtol, atol, equal_nan).all().item())


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products over named dimensions, in the notation of NumPy's einsum.

    ``...`` stands for dimensions that broadcast; without ``->`` the result has the letters that
    occur once, in alphabetical order. The operands may also be given as one list.

    >>> import engine
    >>> engine.einsum("ij,j->i", engine.ones(2, 3), engine.ones(3))
    tensor([3., 3.])
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return _C._einsum(equation, list(operands))


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The sums of products over some dimensions of ``a`` and ``b``, as of a matrix product.

    ``dims`` is a number, for the last ones of ``a`` and the first ones of ``b``, or a pair of
    lists.

    >>> import engine
    >>> engine.tensordot(engine.ones(2, 3), engine.ones(3, 4), dims=1).shape
    Size([2, 4])
    >>> engine.tensordot(engine.ones(2, 3), engine.ones(4, 3), dims=([1], [1])).shape
    Size([2, 4])
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        found = _C.tensordot(a, b, dims)
    else:
        if len(dims) != 2:
            raise RuntimeError(f"tensordot: dims: expected a number or two lists, got {dims!r}")
        found = _C.tensordot(a, b, *([d] if isinstance(d, int) else list(d) for d in dims))
    return found if out is None else write_out("tensordot", found, out)


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
    """The Cartesian product of vectors, a combination per row; a single vector is returned as is.

    >>> import engine
    >>> engine.cartesian_prod(engine.tensor([1, 2]), engine.tensor([3, 4])).tolist()
    [[1, 3], [1, 4], [2, 3], [2, 4]]
    """
    if wrong := [tuple(t.shape) for t in tensors if t.dim() != 1]:
        raise RuntimeError(f"cartesian_prod: tensors: expected vectors, got shape {wrong[0]}")
    if len(tensors) == 1:
        return tensors[0]
    return _C.stack([t.flatten() for t in _C.meshgrid(list(tensors), indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """The combinations of ``r`` elements of a vector, one per row, in the order of their indices.

    >>> import engine
    >>> engine.combinations(engine.tensor([1, 2, 3])).tolist()
    [[1, 2], [1, 3], [2, 3]]
    """
    if input.dim() != 1:
        raise RuntimeError(f"combinations: input: expected a vector, got {tuple(input.shape)}")
    if r < 0:
        raise ValueError(f"combinations: r: expected 0 or more, got {r}")
    items = len(input) + r - 1 if with_replacement and len(input) > 0 else len(input)
    if r == 0:
        return input.new_empty(0)
    if r > items:
        return input[:0].reshape(0, 1).expand(0, r)
    if not _fits(items, r):
        raise RuntimeError(f"combinations: r: expected choices that fit in memory, got r={r}")
    count = math.comb(items, r)
    # Fails for lack of memory, if at all, before the combinations are listed.
    indices = _C.empty(count * r, dtype=_C.int64)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    indices.numpy()[:] = np.fromiter(
        itertools.chain.from_iterable(choose(range(len(input)), r)), np.int64, count * r
    )
    return input[indices.reshape(count, r)]


def _fits(items: int, r: int) -> bool:
    """True if the number of combinations of r of n items fits in 60 bits.

    Compares logarithms, as the number itself may have too many digits to compute.
    """
    if items > 2**53:
        return min(r, items - r) <= 1
    log_factorials = [math.lgamma(n + 1) for n in (items, r, items - r)]
    return log_factorials[0] - log_factorials[1] - log_factorials[2] < math.log(2**60)


def _requested(values: Tensor, found: Any, inverse: bool, counts: bool) -> Any:
    """The requested results of unique: one tensor, or a tuple of several."""
    wanted = (values, *([found.inverse] if inverse else []), *([found.counts] if counts else []))
    return wanted if len(wanted) > 1 else wanted[0]


def _distinct_slices(input: Tensor, dim: int, sorted: bool, inverse: bool, counts: bool) -> Any:
    """The distinct slices of a dimension, or the first of each run of equal ones."""
    lines = input.movedim(dim, 0)
    found = _C._unique_rows(lines.reshape(lines.shape[0], lines[:1].numel()), sorted)
    return _requested(input.index_select(dim, found.indices), found, inverse, counts)


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in ascending order, whether ``sorted`` is asked for or not.

    With ``return_inverse`` also the index of each element of ``input`` among them, with
    ``return_counts`` also the number of occurrences. Every nan is distinct. With ``dim`` the
    slices of that dimension are compared.

    >>> import engine
    >>> engine.unique(engine.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    if dim is not None:
        return _distinct_slices(input, dim, True, return_inverse, return_counts)
    found = _C._unique(input)
    return _requested(found.values, found, return_inverse, return_counts)


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
    found = _C._unique_consecutive(input)
    return _requested(found.values, found, return_inverse, return_counts)


guard_functions(globals(), __all__)
for _function in (
    allclose,
    diagflat,
    equal,
    is_nonzero,
    is_same_size,
    nonzero,
    unique,
    unique_consecutive,
):
    method(_function)
