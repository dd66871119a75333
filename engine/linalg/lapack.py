"""NumPy's linear algebra (LAPACK) on tensors, outside the graph, and the checks of arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np


class LinAlgError(RuntimeError):
    """Raised when a matrix has no solution, such as the inverse of a singular one.

    >>> import engine
    >>> try: engine.linalg.inv(engine.zeros(2, 2))
    ... except engine.linalg.LinAlgError as error: print(error)
    linalg.inv: A: the matrix is singular: pivot 1 is 0
    """


def check_matrices(function: str, name: str, a: Tensor, square: bool = False) -> None:
    """Raises RuntimeError unless ``a`` is a batch of (square) matrices of float32 or float64."""
    check_dtype(function, name, a)
    shape = tuple(a.shape)
    if a.dim() < 2:
        raise RuntimeError(f"{function}: {name}: expected at least 2 dimensions, got shape {shape}")
    if square and shape[-1] != shape[-2]:
        raise RuntimeError(f"{function}: {name}: expected square matrices, got shape {shape}")


def check_dtype(function: str, name: str, a: Tensor) -> None:
    """Raises RuntimeError unless ``a`` is float32 or float64."""
    if a.dtype not in (_C.float32, _C.float64):
        raise RuntimeError(f"{function}: {name}: expected float32 or float64, got {a.dtype}")


def check_same_dtype(function: str, a: Tensor, b: Tensor) -> None:
    """Raises RuntimeError unless both have one dtype."""
    if a.dtype != b.dtype:
        raise RuntimeError(f"{function}: expected one dtype, got {a.dtype} and {b.dtype}")


def array(a: Tensor) -> np.ndarray:
    """The elements as an array that shares the memory."""
    return a.detach().numpy()


def tensor(values: Any) -> Tensor:
    """NumPy's result as a row-major tensor."""
    return _C.from_numpy(np.ascontiguousarray(values).reshape(np.shape(values)))


def run(function: str, compute: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls NumPy and converts its LinAlgError to the engine's, naming ``function``."""
    try:
        with np.errstate(all="ignore"):
            return compute(*args, **kwargs)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{function}: {error}") from None


def each_matrix(a: np.ndarray) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """The matrices of a batch with their indices."""
    for index in np.ndindex(a.shape[:-2]):
        yield index, a[index]


def batch_name(index: Sequence[int]) -> str:
    """The matrix of a batch in messages; '' for a single one."""
    return f"batch element {tuple(index)}: " if index else ""


def raise_if_failed(function: str, name: str, info: Tensor, reason: str) -> None:
    """Raises LinAlgError for the first matrix whose ``info`` is not 0, formatted by ``reason``."""
    for index in np.ndindex(tuple(info.shape)):
        if failed := int(info[index]):
            raise LinAlgError(f"{function}: {name}: {batch_name(index)}{reason.format(failed)}")


SINGULAR = "the matrix is singular: pivot {} is 0"
NOT_POSITIVE = "the matrix is not positive definite: its leading minor of order {} is not"
