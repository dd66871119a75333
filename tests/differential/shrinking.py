"""Shrinking of a failing case to fewer arguments, sizes and special values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .case import Case, TensorArg

LIMIT = 400  # cases tried


def shrink(case: Case, fails: Callable[[Case], bool]) -> Case:
    """The smallest case found for which ``fails`` holds, as it does for ``case``."""
    tried = 0
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(case):
            tried += 1
            if tried > LIMIT:
                return case
            if fails(smaller):
                case, progress = smaller, True
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    for name in case.kwargs:
        yield replace(case, kwargs={k: v for k, v in case.kwargs.items() if k != name})
    if len(case.args) > 1:
        yield replace(case, args=case.args[:-1])
    for size in sorted({n for t in case.tensors() for n in t.values.shape if n > 1}, reverse=True):
        for new in (1, size // 2, size - 1):
            if new < size:
                yield case.mapped(lambda leaf, size=size, new=new: _cut(leaf, size, new))
    for i, value in enumerate(case.args):
        for simple in _simpler(value):
            yield replace(case, args=(*case.args[:i], simple, *case.args[i + 1 :]))
    for name, value in case.kwargs.items():
        for simple in _simpler(value):
            yield replace(case, kwargs=case.kwargs | {name: simple})


def _cut(leaf: Any, size: int, new: int) -> Any:
    """Reduces all dimensions of that size, in all tensors."""
    if not isinstance(leaf, TensorArg) or size not in leaf.values.shape:
        return leaf
    where = tuple(slice(new) if n == size else slice(None) for n in leaf.values.shape)
    return replace(leaf, values=leaf.values[where])


def _simpler(value: Any) -> Iterator[Any]:
    if isinstance(value, TensorArg):
        yield from _simpler_tensor(value)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        yield from (n for n in (0, 1, -1, value // 2) if abs(n) < abs(value))
    elif isinstance(value, float):
        yield from (x for x in (0.0, 1.0, 2.0) if value not in (0.0, 1.0, 2.0))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield value[:i] + value[i + 1 :]
            for simple in _simpler(item):
                yield value[:i] + type(value)([simple]) + value[i + 1 :]


def _simpler_tensor(tensor: TensorArg) -> Iterator[TensorArg]:
    values = tensor.values
    if tensor.layout != "contiguous":
        yield replace(tensor, layout="contiguous")
    if tensor.grad:
        yield replace(tensor, grad=False)
    if tensor.dtype in ("float16", "bfloat16", "float64"):
        yield replace(tensor, dtype="float32")
    if tensor.dtype in ("int8", "uint8", "int16", "int32") and values.min(initial=0) >= -128:
        yield replace(tensor, dtype="int64")
    for axis in range(values.ndim):
        if values.shape[axis] == 1:
            yield replace(tensor, values=values.squeeze(axis))
        elif values.shape[axis] > 1:
            yield replace(tensor, values=values.take([0], axis))
            yield replace(tensor, values=values.take(range(values.shape[axis] // 2), axis))
    for simple in (np.zeros_like(values), np.ones_like(values), _whole(values)):
        if np.array_equal(simple, values):
            return
        yield replace(tensor, values=simple)


def _whole(values: np.ndarray) -> np.ndarray:
    if values.dtype != np.float64:
        return values
    with np.errstate(all="ignore"):
        return np.where(np.abs(values) < 100, np.round(values), values)
