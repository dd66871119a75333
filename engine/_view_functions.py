"""Copies of views, scatters into views, and view methods as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._tensor import method

__all__ = [
    "adjoint",
    "as_strided_",
    "as_strided_scatter",
    "detach_",
    "narrow_copy",
    "resize_as_",
    "unsafe_chunk",
    "unsafe_split",
    "unsafe_split_with_sizes",
]


def adjoint(input: Tensor) -> Tensor:
    """A view with the last two dimensions exchanged, conjugated: ``input.mH``.

    >>> import engine
    >>> engine.adjoint(engine.tensor([[1, 2]]))
    tensor([[1],
            [2]])
    """
    return input.mH


def as_strided_scatter(
    input: Tensor,
    src: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    storage_offset: int | None = None,
) -> Tensor:
    """A copy of ``input`` with ``src`` in the elements of its view ``as_strided``.

    >>> import engine
    >>> engine.as_strided_scatter(engine.zeros(2, 2), engine.ones(2), (2,), (3,))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tuple(src.shape) != tuple(size):
        raise RuntimeError(
            f"as_strided_scatter: src: expected shape {tuple(size)}, got {tuple(src.shape)}"
        )
    copy = input.clone()
    copy.as_strided(size, stride, storage_offset).copy_(src)
    return copy


def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A copy of the view ``narrow``.

    >>> import engine
    >>> engine.narrow_copy(engine.arange(5), 0, 1, 2)
    tensor([1, 2])
    """
    return input.narrow(dim, start, length).clone()


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """The same as ``chunk``: writes to the results are tracked too.

    >>> import engine
    >>> engine.unsafe_chunk(engine.arange(3), 2)
    (tensor([0, 1]), tensor([2]))
    """
    return input.chunk(chunks, dim)


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """The same as ``split`` into parts of one size: writes to the results are tracked too.

    >>> import engine
    >>> engine.unsafe_split(engine.arange(3), 2)
    (tensor([0, 1]), tensor([2]))
    """
    return input.split(split_size, dim)


def unsafe_split_with_sizes(
    input: Tensor, split_sizes: Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """The same as ``split`` into given sizes: writes to the results are tracked too.

    >>> import engine
    >>> engine.unsafe_split_with_sizes(engine.arange(3), [1, 2])
    (tensor([0]), tensor([1, 2]))
    """
    return input.split(list(split_sizes), dim)


def as_strided_(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """:meth:`Tensor.as_strided_` as a function.

    >>> import engine
    >>> engine.as_strided_(engine.arange(4), (2,), (2,))
    tensor([0, 2])
    """
    return input.as_strided_(size, stride, storage_offset)


def resize_as_(input: Tensor, the_template: Tensor, memory_format: str | None = None) -> Tensor:
    """:meth:`Tensor.resize_as_` as a function.

    >>> import engine
    >>> engine.resize_as_(engine.zeros(4), engine.ones(2, 2)).shape
    Size([2, 2])
    """
    return input.resize_as_(the_template, memory_format)


def detach_(input: Tensor) -> Tensor:
    """:meth:`Tensor.detach_` as a function.

    >>> import engine
    >>> engine.detach_(engine.ones(1, requires_grad=True) * 2)
    tensor([2.])
    """
    return input.detach_()


def _copied(name: str) -> Callable[..., Any]:
    """The function ``name_copy``: a copy of the result of a view op."""
    view = getattr(_C, name)

    def copy(input: Tensor, *args: Any, **options: Any) -> Any:
        found = view(input, *args, **options)
        return found.clone() if isinstance(found, Tensor) else tuple(v.clone() for v in found)

    copy.__name__ = copy.__qualname__ = f"{name}_copy"
    copy.__doc__ = f"A copy of what ``{name}`` shows."
    return copy


for _name in (
    "as_strided",
    "detach",
    "diagonal",
    "expand",
    "permute",
    "select",
    "split",
    "squeeze",
    "t",
    "transpose",
    "unbind",
    "unfold",
    "unsqueeze",
    "view",
):
    globals()[f"{_name}_copy"] = _copied(_name)
    __all__ += [f"{_name}_copy"]

guard_functions(globals(), __all__)
for _function in (
    adjoint,
    as_strided_scatter,
    narrow_copy,
    unsafe_chunk,
    unsafe_split,
    unsafe_split_with_sizes,
):
    method(_function)
