"""Tensors from Python's and NumPy's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor, from_numpy
from engine._lazy import limits, numpy as np


def _array(data: Any, name: str) -> np.ndarray:
    """Numbers in nested lists as an array: floats keep their 64 bits."""
    try:
        array = np.array(data)
    except ValueError as error:
        reason = _ragged(data) or str(error)
        raise ValueError(
            f"{name}: expected numbers in nested lists of equal lengths, got {reason}"
        ) from None
    if array.dtype.kind == "O" and isinstance(data, int):
        raise ValueError(f"{name}: {data} does not fit in 64 bits")
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name}: expected numbers, bools or nested lists of them, got {data!r:.80}"
        )
    return array


def _ragged(data: Any, position: str = "") -> str:
    """Description of two nested lists that differ in length; '' if there are none."""
    if not isinstance(data, (list, tuple)) or not data:
        return ""
    kinds = [f"length {len(p)}" if isinstance(p, (list, tuple)) else "a number" for p in data]
    for i, kind in enumerate(kinds):
        if kind != kinds[0]:
            return f"{kinds[0]} at [{position}0] and {kind} at [{position}{i}]"
    parts = (_ragged(part, f"{position}{i}, ") for i, part in enumerate(data))
    return next(filter(None, parts), "")


def _holds_doubles(data: Any) -> bool:
    """True if nested lists contain an array, NumPy scalar or tensor of float64: Python floats
    follow the default dtype.
    """
    if isinstance(data, (list, tuple)):
        plain = {float, int, bool}.issuperset(map(type, data))
        return not plain and any(map(_holds_doubles, data))
    if isinstance(data, Tensor):
        return data.dtype == _C.float64
    return isinstance(data, (np.ndarray, np.generic)) and data.dtype == np.float64


def _from_data(data: Any, name: str, dtype: _C.dtype | None) -> tuple[Tensor, _C.dtype]:
    """The data as an array, without a copy where possible, and the dtype of the result."""
    if isinstance(data, Tensor):
        made = data.detach()
        return made, made.dtype if dtype is None else dtype
    if isinstance(data, (np.ndarray, np.generic)):
        made = from_numpy(np.asarray(data))
        return made, made.dtype if dtype is None else dtype
    array = _array(data, name)
    made = from_numpy(array)
    if dtype is None:
        rounded = made.dtype == _C.float64 and not _holds_doubles(data)
        return made, _C.get_default_dtype() if rounded else made.dtype
    _check_fits(array, name, dtype)
    return made, dtype


def _check_fits(array: np.ndarray, name: str, dtype: _C.dtype) -> None:
    """Raises for integers out of range; negative ones wrap in unsigned dtypes, as in PyTorch."""
    if (
        dtype.is_floating_point
        or dtype == _C.bool
        or array.dtype.kind not in "iu"
        or not array.size
    ):
        return
    info = limits.iinfo(dtype)
    lowest = info.min if info.min < 0 else -info.max
    for value in (int(array.min()), int(array.max())):
        if not lowest <= value <= info.max:
            raise ValueError(f"{name}: {value} does not fit in {dtype}")


def tensor(
    data: Any,
    *,
    dtype: _C.dtype | None = None,
    device: _C.device | str | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor with its own copy of ``data``: a number, nested lists, a NumPy array, a tensor.

    Python floats become float32 and ints int64; arrays keep their dtype, in lists too.
    Raises TypeError for data that is not numeric, and ValueError for ragged lists and for integers
    that do not fit in ``dtype``.

    >>> import engine
    >>> engine.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    made, wanted = _from_data(data, "tensor", dtype)
    if device is None:
        device = made.device if isinstance(data, Tensor) else _C._default_device()
    made = made.to(device=device, dtype=wanted, copy=True)
    made.requires_grad = requires_grad
    return made


def as_tensor(
    data: Any, dtype: _C.dtype | None = None, device: _C.device | str | None = None
) -> Tensor:
    """``data`` as a tensor, sharing its memory where that is possible.

    >>> import engine, numpy
    >>> array = numpy.zeros(2)
    >>> shared = engine.as_tensor(array); array[0] = 1; shared
    tensor([1., 0.], dtype=float64)
    """
    if isinstance(data, Tensor):
        return data.to(device=device, dtype=dtype)
    made, wanted = _from_data(data, "as_tensor", dtype)
    return made.to(device=device, dtype=wanted)


def asarray(
    obj: Any,
    *,
    dtype: _C.dtype | None = None,
    device: _C.device | str | None = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """``obj`` as a tensor, sharing its memory if ``copy`` is False, and where possible if None.

    Raises ValueError where ``copy`` is False and a copy is needed. The result is part of no graph
    unless ``obj`` is a tensor, shared with ``requires_grad``.

    >>> import engine
    >>> x = engine.zeros(2)
    >>> engine.asarray(x) is x, engine.asarray(x, copy=True) is x
    (True, False)
    """
    if copy:
        return tensor(
            obj.detach() if isinstance(obj, Tensor) else obj,
            dtype=dtype,
            device=device,
            requires_grad=requires_grad,
        )
    found = as_tensor(obj, dtype, device)
    if copy is False and found is not obj and not _shares_memory(found, obj):
        raise ValueError("asarray: copy=False, but obj cannot be used without a copy")
    if found.requires_grad and not requires_grad:
        return found.detach()
    return found.requires_grad_(requires_grad) if requires_grad else found


def _shares_memory(made: Tensor, obj: Any) -> bool:
    try:
        return bool(np.shares_memory(made.detach().numpy(), np.asarray(obj)))
    except (TypeError, ValueError):
        return False


def empty_permuted(
    size: Sequence[int],
    physical_layout: Sequence[int],
    *,
    dtype: _C.dtype | None = None,
    device: _C.device | str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """An uninitialised tensor whose dimensions are in memory in the order ``physical_layout``.

    >>> import engine
    >>> engine.empty_permuted((2, 3, 4), (0, 2, 1)).stride()
    (12, 1, 3)
    """
    if sorted(physical_layout) != list(range(len(size))):
        raise RuntimeError(
            f"empty_permuted: physical_layout: expected an order of {len(size)} dimensions, got "
            f"{tuple(physical_layout)}"
        )
    stored = _C.empty([size[d] for d in physical_layout], dtype=dtype, device=device)
    inverse = [list(physical_layout).index(d) for d in range(len(size))]
    return stored.permute(inverse).requires_grad_(requires_grad)


guard_functions(globals(), ["tensor", "as_tensor", "asarray", "empty_permuted"])
