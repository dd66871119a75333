"""Equality up to rounding, with PyTorch's answers in float64 and to neighbours of the case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .case import Case, DType, TensorArg
from .execution import Outcome, Result, pair, run
from .sampling import rounded

# relative tolerance by dtype; the absolute one is this times the largest magnitude around
TOLERANCES = {"float64": 1e-9, "float32": 3e-5, "float16": 4e-3, "bfloat16": 3e-2}
LARGEST = {"float64": np.inf, "float32": 3.4028235e38, "float16": 65504.0, "bfloat16": 3.3895e38}
SUBNORMAL = {"float64": 5e-324, "float32": 1.5e-45, "float16": 6e-8, "bfloat16": 1e-40}
EPSILON = {"float64": 2.2e-16, "float32": 1.2e-7, "float16": 9.8e-4, "bfloat16": 7.8e-3}
NEIGHBOURS = 8  # cases beside the case, in which PyTorch's rounding errors are measured

Choose = Callable[[Outcome], Result | None]  # one tensor of an outcome


def agree(case: Case, ours: Result, theirs: Result, choose: Choose, around: float = 0.0) -> bool:
    """True if equal up to rounding, or as close to the float64 answer as PyTorch's own.

    ``around`` is the magnitude of terms that may cancel: the last bits of it do not count.
    """
    if ours.dtype not in TOLERANCES:
        return bool(np.array_equal(ours.values, theirs.values))
    rtol = max(TOLERANCES.get(t.dtype, 0.0) for t in [ours, *case.tensors()])
    least = 4 * SUBNORMAL[ours.dtype] + 2 * EPSILON[ours.dtype] * around
    if close(ours.values, theirs.values, rtol, least):
        return True
    right = choose(theirs_in_float64(case))
    if right is None or right.shape != ours.shape or right.values.dtype != ours.values.dtype:
        return False
    wanted = _fitting(right.values, ours.dtype)
    if close(ours.values, wanted, rtol, least):
        return True
    with np.errstate(all="ignore"):
        a, b = np.abs(ours.values - wanted), np.abs(theirs.values - wanted)
        same = (ours.values == wanted) | (np.isnan(ours.values) & np.isnan(wanted))
        same |= a <= 4 * b
    if same.all():
        return True
    error = _error_around(case, choose)
    with np.errstate(all="ignore"):
        return error is not None and bool(np.all(same | (a <= 4 * error)))


def close(a: np.ndarray, b: np.ndarray, rtol: float, least: float = 0.0) -> bool:
    with np.errstate(all="ignore"):
        finite = np.abs(b[np.isfinite(b)])
        scale = min(float(finite.max()), 1.0) if finite.size else 0.0
        return bool(np.allclose(a, b, rtol=rtol, atol=rtol * scale + least, equal_nan=True))


def theirs_in_float64(case: Case) -> Outcome:
    """PyTorch's answer to the case with float64 in place of other floating dtypes."""
    import torch

    wide = case.mapped(_widened)
    return run(torch, pair(wide.target)[1], wide)


def _widened(leaf: Any) -> Any:
    if isinstance(leaf, TensorArg) and leaf.dtype in TOLERANCES:
        return replace(leaf, dtype="float64")
    if isinstance(leaf, DType) and leaf.name in TOLERANCES:
        return DType("float64")
    return leaf


def _fitting(values: np.ndarray, dtype: str) -> np.ndarray:
    """The values, infinite where the dtype does not reach."""
    with np.errstate(all="ignore"):
        return np.where(np.abs(values) > LARGEST[dtype], values * np.inf, values)


def _error_around(case: Case, choose: Choose) -> float | None:
    """The largest rounding error of PyTorch's answers where the elements differ in last bits.

    It is measured against PyTorch's answer in float64. Where the case is in float64 itself, it is
    by how much the answers differ, and at most 1e-9 of what they are.
    """
    import torch

    function = pair(case.target)[1]
    middle = choose(theirs_in_float64(case))
    found = []
    for seed in range(NEIGHBOURS):
        numbers = np.random.default_rng(seed)
        beside = case.mapped(lambda leaf, numbers=numbers: _moved(leaf, numbers))
        there, exact = choose(run(torch, function, beside)), choose(theirs_in_float64(beside))
        if there is None or exact is None or middle is None or there.shape != middle.shape:
            return None
        with np.errstate(all="ignore"):
            if there.dtype == "float64":
                limit = 1e-9 * max(1.0, largest(middle.values))
                found.append(min(limit, largest(there.values - middle.values)))
            else:
                found.append(largest(there.values - _fitting(exact.values, there.dtype)))
    return max(found)


def largest(values: np.ndarray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def _moved(leaf: Any, numbers: np.random.Generator) -> Any:
    """The tensor with elements that are up to two steps of the dtype away."""
    if not isinstance(leaf, TensorArg) or leaf.dtype not in TOLERANCES:
        return leaf
    steps = numbers.integers(-2, 3, leaf.values.shape)
    with np.errstate(all="ignore"):
        moved = leaf.values * (1 + steps * EPSILON[leaf.dtype])
    return replace(leaf, values=rounded(moved, leaf.dtype))
