"""A function applied along a dimension of its arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._functions import equal
from engine._pytree import broadcast_prefix, tree_flatten, tree_unflatten
from engine.random import get_rng_state, set_rng_state

_RANDOMNESS = ("error", "different", "same")


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that calls ``func`` on each slice of its arguments and stacks the results.

    ``in_dims`` is the sliced dimension, for all positional arguments or in a tuple of their
    structure; None for arguments passed whole to each call, as keyword arguments are.
    ``out_dims`` is the dimension along which results are stacked; None for a result
    that is the same tensor in each call. ``randomness`` says what random numbers do: they are an
    error, each call draws others, or all draw the same.

    ``func`` runs once per slice, one after another: the result is PyTorch's, but not its speed, and
    ``chunk_size`` changes nothing. Raises ValueError where sizes or structures do not fit, and for
    a dimension of size 0.

    >>> import engine
    >>> x = engine.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> engine.vmap(engine.dot)(x, x)
    tensor([ 5., 25.])
    >>> engine.vmap(lambda row, scale: row * scale, in_dims=(0, None), out_dims=1)(x, 2.0)
    tensor([[2., 6.],
            [4., 8.]])
    """
    if randomness not in _RANDOMNESS:
        raise RuntimeError(f"vmap: randomness: expected one of {_RANDOMNESS}, got {randomness!r}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size: expected None or more than 0, got {chunk_size}")
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(f"vmap: in_dims: expected an int or a tuple, got {in_dims!r}")

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = tree_flatten(args)
        try:
            dims = broadcast_prefix(in_dims, spec)
        except ValueError as error:
            raise ValueError(f"vmap: in_dims: {error}") from None
        size = _size(leaves, dims)
        columns = [
            [leaf] * size if dim is None else leaf.unbind(dim)
            for leaf, dim in zip(leaves, dims, strict=True)
        ]
        answers = []
        for index in _guarded_randomness(randomness, size):
            these = tree_unflatten([column[index] for column in columns], spec)
            answers.append(tree_flatten(func(*these, **kwargs)))
        return _stacked(answers, out_dims)

    return wrapped


def _size(leaves: list[Any], dims: list[Any]) -> int:
    """The size of the mapped dimension."""
    sizes = set()
    for leaf, dim in zip(leaves, dims, strict=True):
        if dim is None:
            continue
        if not isinstance(leaf, Tensor):
            raise ValueError(
                f"vmap: in_dims: {type(leaf).__name__} arguments have no dimension to slice: "
                "their in_dims must be None"
            )
        if not -leaf.dim() <= dim < leaf.dim():
            raise ValueError(
                f"vmap: in_dims: there is no dimension {dim} in shape {tuple(leaf.shape)}"
            )
        sizes.add(leaf.shape[dim])
    if len(sizes) != 1:
        found = f"got sizes {sorted(sizes)}" if sizes else "there is none"
        raise ValueError(f"vmap: expected one size of all dimensions to slice, {found}")
    (size,) = sizes
    if not size:
        raise ValueError("vmap: a dimension of size 0 has no slice to call the function on")
    return int(size)


def _guarded_randomness(randomness: str, size: int) -> Any:
    """The numbers of the calls; between them the generator is checked or reset."""
    before = get_rng_state()
    for index in range(size):
        if index and randomness == "same":
            set_rng_state(before)
        yield index
        if randomness == "error" and not equal(get_rng_state(), before):
            raise RuntimeError(
                "vmap: func draws random numbers: pass randomness='different' or 'same'"
            )


def _stacked(answers: list[Any], out_dims: Any) -> Any:
    """The results of all calls as one, each tensor with a further dimension."""
    spec = answers[0][1]
    try:
        dims = broadcast_prefix(out_dims, spec)
    except ValueError as error:
        raise ValueError(f"vmap: out_dims: {error}") from None
    if any(other != spec for _, other in answers):
        raise ValueError("vmap: func returns results of different structures")
    columns = zip(*(leaves for leaves, _ in answers), strict=True)
    return tree_unflatten([_joined(c, d) for c, d in zip(columns, dims, strict=True)], spec)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.dtype == b.dtype and equal(a, b)
    return a is b or bool(a == b)


def _joined(values: tuple[Any, ...], dim: Any) -> Any:
    if dim is None:
        if not all(_same(value, values[0]) for value in values):
            raise ValueError("vmap: out_dims: None is for a result that no slice changes")
        return values[0]
    for value in values:
        if not isinstance(value, Tensor):
            raise ValueError(
                f"vmap: func: expected a result of tensors, got {type(value).__name__}; "
                "pass out_dims=None for what no slice changes"
            )
    return _C.stack(list(values), dim)
