"""Helpers that distributions share: broadcasting of parameters, lazy attributes, triangles."""

from __future__ import annotations

import functools
from collections.abc import Callable
from numbers import Number
from typing import Any, Generic, TypeVar, overload

import engine
from engine._C import Size, Tensor

T = TypeVar("T")

__all__ = [
    "broadcast_all",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]

EULER = 0.57721566490153286
"""The Euler-Mascheroni constant."""


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors and numbers as tensors of one shape.

    Numbers take the dtype and device of the first tensor, or the default dtype if there is none.
    Raises ValueError for anything else.

    >>> import engine
    >>> from engine.distributions.utils import broadcast_all
    >>> broadcast_all(engine.zeros(2), 1)
    (tensor([0., 0.]), tensor([1., 1.]))
    """
    for value in values:
        if not isinstance(value, (Tensor, Number)):
            raise ValueError(
                f"broadcast_all: expected tensors and numbers, got {type(value).__name__}"
            )
    first = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = engine.get_default_dtype() if first is None else first.dtype
    device = None if first is None else first.device
    return engine.broadcast_tensors(
        *(
            v if isinstance(v, Tensor) else engine.tensor(v, dtype=dtype, device=device)
            for v in values
        )
    )


def as_float(value: Any) -> Tensor:
    """A parameter as a tensor; numbers take the default dtype."""
    if isinstance(value, Tensor):
        return value
    return engine.tensor(value, dtype=engine.get_default_dtype())


def standard_normal(shape: Size, like: Tensor) -> Tensor:
    """Normally distributed numbers in the dtype and on the device of ``like``."""
    return engine.randn(shape, dtype=like.dtype, device=like.device)


def open_uniform(shape: Size, like: Tensor) -> Tensor:
    """Uniform numbers in (0, 1), both ends excluded, in the dtype of ``like``."""
    uniform = engine.rand(shape, dtype=like.dtype, device=like.device)
    return uniform.clamp(min=engine.finfo(like.dtype).tiny)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities clamped inside (0, 1) by the rounding error of their dtype.

    >>> import engine
    >>> from engine.distributions.utils import clamp_probs
    >>> bool((clamp_probs(engine.tensor([0.0, 1.0])).log() > -20).all())
    True
    """
    eps = engine.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of log-odds if ``is_binary``, otherwise of logits along the last dimension.

    >>> import engine
    >>> from engine.distributions.utils import logits_to_probs
    >>> logits_to_probs(engine.zeros(2))
    tensor([0.5000, 0.5000])
    """
    return engine.sigmoid(logits) if is_binary else engine.softmax(logits, -1)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Log-odds of probabilities if ``is_binary``, otherwise their logarithms; always finite.

    >>> import engine
    >>> from engine.distributions.utils import probs_to_logits
    >>> probs_to_logits(engine.tensor([0.5]), is_binary=True)
    tensor([0.])
    """
    clamped = clamp_probs(probs)
    log_probs = engine.log(clamped)
    return log_probs - engine.log1p(-clamped) if is_binary else log_probs


class lazy_property(Generic[T]):
    """A property computed at the first access, with gradients enabled, and then cached.

    >>> from engine.distributions.utils import lazy_property
    >>> class Square:
    ...     side = 3
    ...     @lazy_property
    ...     def area(self): return self.side ** 2
    >>> Square().area
    9
    """

    def __init__(self, wrapped: Callable[[Any], T]) -> None:
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)  # type: ignore[arg-type]

    @overload
    def __get__(self, instance: None, owner: Any = None) -> lazy_property[T]: ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with engine.enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The elements on and below diagonal ``diag`` of square matrices, row by row.

    Raises ValueError where there is no such diagonal.

    >>> import engine
    >>> from engine.distributions.utils import tril_matrix_to_vec
    >>> tril_matrix_to_vec(engine.tensor([[1, 2], [3, 4]]))
    tensor([1, 3, 4])
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"tril_matrix_to_vec: diag: expected from {-n} to {n - 1}, got {diag}")
    rows, columns = engine.tril_indices(n, n, diag)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """Square matrices whose elements on and below diagonal ``diag`` are ``vec``, row by row.

    Raises ValueError if no matrix has that many.

    >>> import engine
    >>> from engine.distributions.utils import vec_to_tril_matrix
    >>> vec_to_tril_matrix(engine.tensor([1, 2, 3]))
    tensor([[1, 0],
            [2, 3]])
    """
    # With s = 2 diag + 1 and L elements, the size n solves n^2 + s n - diag (diag + 1) = 2 L
    # for diag <= 0, where the triangle is whole.
    size = vec.shape[-1]
    side = -(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * size + 4 * abs(diag) * (diag + 1)) ** 0.5
    n = round(side / 2)
    if abs(side / 2 - n) > engine.finfo(engine.float32).eps * max(n, 1):
        raise ValueError(
            f"vec_to_tril_matrix: the size {size} is not that of a triangle below diagonal {diag}"
        )
    rows, columns = engine.tril_indices(n, n, diag)
    matrix = vec.new_zeros((*vec.shape[:-1], n * n))
    index = (rows * n + columns).expand(vec.shape)
    return matrix.scatter(-1, index, vec).reshape(*vec.shape[:-1], n, n)
