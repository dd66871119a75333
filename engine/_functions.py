"""Functions over tensors that are no ops of the table: questions, calls of varying arity."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor

__all__ = [
    "allclose",
    "einsum",
    "equal",
    "is_floating_point",
    "is_tensor",
    "numel",
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

    >>> import engine
    >>> engine.einsum("ij,j->i", engine.ones(2, 3), engine.ones(3))
    tensor([3., 3.])
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return _C.einsum(equation, list(operands))


Tensor.equal = equal
Tensor.allclose = allclose
