"""Functions of shape with more forms of arguments than one op has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._tensor import method

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "constant_pad_nd",
    "nonzero_static",
    "tensor_split",
]


def _each(function: Callable[[Tensor], Tensor], tensors: tuple[Any, ...]) -> Any:
    """``function`` of one tensor, or of each of several, given singly or as a list."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return function(tensors[0])
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    return tuple(map(function, tensors))


def atleast_1d(*tensors: Any) -> Any:
    """The tensor with one dimension at least; of several, a tuple.

    >>> import engine
    >>> engine.atleast_1d(engine.tensor(1.0), engine.ones(2))
    (tensor([1.]), tensor([1., 1.]))
    """
    return _each(_C.atleast_1d, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """The tensor with two dimensions at least, a vector as a row; of several, a tuple.

    >>> import engine
    >>> engine.atleast_2d(engine.ones(2))
    tensor([[1., 1.]])
    """
    return _each(_C.atleast_2d, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """The tensor with three dimensions at least, added before and after; of several, a tuple.

    >>> import engine
    >>> engine.atleast_3d(engine.ones(2)).shape
    Size([1, 2, 1])
    """
    return _each(_C.atleast_3d, tensors)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of that many parts of nearly one size, or of the parts between given indices.

    Both may be given as a tensor, 0-d for a number of parts.

    >>> import engine
    >>> engine.tensor_split(engine.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    >>> engine.tensor_split(engine.arange(5), engine.tensor([1, 3]))
    (tensor([0]), tensor([1, 2]), tensor([3, 4]))
    """
    given = indices_or_sections
    if isinstance(given, Tensor):
        if given.dim() > 1:
            raise RuntimeError(
                f"tensor_split: indices_or_sections: expected a number or a vector, got shape "
                f"{tuple(given.shape)}"
            )
        given = given.tolist()
    return _C.tensor_split(input, given, dim)


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The first ``size`` rows of ``nonzero``, filled up with ``fill_value``.

    >>> import engine
    >>> engine.nonzero_static(engine.tensor([0, 7]), size=2)
    tensor([[ 1],
            [-1]])
    """
    if size < 0:
        raise RuntimeError(f"nonzero_static: size: expected 0 or more, got {size}")
    found = _C.nonzero(input)[:size]
    return _C.cat([found, found.new_full((size - len(found), found.shape[1]), fill_value)])


def constant_pad_nd(input: Tensor, pad: Any, value: float = 0) -> Tensor:
    """``input`` widened by ``value``: ``nn.functional.pad`` in its mode ``constant``.

    >>> import engine
    >>> engine.constant_pad_nd(engine.ones(1), (1, 2), 5.0)
    tensor([5., 1., 5., 5.])
    """
    return _C.pad(input, pad, "constant", value)


guard_functions(globals(), __all__)
for _function in (nonzero_static, tensor_split):
    method(_function)
