"""Comparison of two outcomes of a case, with PyTorch's float64 answer as arbiter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .case import Case, DType, TensorArg
from .running import Outcome, Result, pair, run

# relative tolerance by dtype; the absolute one is this times the largest magnitude around
TOLERANCES = {"float64": 1e-9, "float32": 3e-5, "float16": 4e-3, "bfloat16": 3e-2}
LARGEST = {"float64": np.inf, "float32": 3.4028235e38, "float16": 65504.0, "bfloat16": 3.3895e38}
RANDOM = frozenset(
    [
        "rand",
        "rand_like",
        "randn",
        "randn_like",
        "randint",
        "randint_like",
        "randperm",
        "normal",
        "normal_",
        "uniform_",
        "exponential_",
        "random_",
        "bernoulli",
        "bernoulli_",
        "multinomial",
        "dropout",
        "dropout_",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "feature_alpha_dropout",
        "gumbel_softmax",
        "rrelu",
        "empty",
        "empty_like",
        "empty_strided",
        "new_empty",
    ]
)


# Ops that select among equal elements, so that indices and gradients may differ.
PICKS = frozenset(["sort", "argsort", "topk", "kthvalue", "median", "nanmedian", "mode", "msort"])


@dataclass(frozen=True)
class Difference:
    """``kind`` is one of raises, accepts, structure, dtype, shape, value, argument, gradient,
    gradient raises, gradient accepts, requires_grad, crash and hang."""

    kind: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.ours} where PyTorch gives {self.theirs}"


def check(case: Case) -> Difference | None:
    """Runs the case in both frameworks."""
    import torch

    import engine

    ours_function, theirs_function = pair(case.target)
    theirs = run(torch, theirs_function, case)
    ours = run(engine, ours_function, case)
    return compare(case, ours, theirs)


def compare(case: Case, ours: Outcome, theirs: Outcome) -> Difference | None:
    if ours.error or theirs.error:
        if ours.error and theirs.error:
            return None
        kind = "raises" if ours.error else "accepts"
        return Difference(kind, ours.error or _summary(ours), theirs.error or _summary(theirs))
    if case.name.rstrip("_") in PICKS and _same_selection(case, ours, theirs):
        return None
    exact = _Exact(case)
    return (
        _structure(ours.answer, theirs.answer)
        or _results("", case, exact.results, ours.results(), theirs.results())
        or _results("argument ", case, exact.arguments, ours.arguments, theirs.arguments)
        or _gradients(case, exact, ours, theirs)
    )


NOTHING = "an answer without elements"


def _summary(outcome: Outcome) -> str:
    found = outcome.results()
    return NOTHING if found and all(r.values.size == 0 for r in found) else "an answer"


def _same_selection(case: Case, ours: Outcome, theirs: Outcome) -> bool:
    """True if indices differ only between equal elements."""
    a, b = ours.results(), theirs.results()
    if [(r.dtype, r.shape) for r in a] != [(r.dtype, r.shape) for r in b]:
        return False
    given = case.tensors()[0].values
    dim = _dim_of(case)
    if not given.ndim or a[-1].dtype != "int64":
        return False
    indices = [r[-1].values for r in (a, b)]
    if indices[0].ndim < given.ndim:
        indices = [np.expand_dims(p, dim) for p in indices]
    if indices[0].ndim != given.ndim:
        return False
    try:
        selected = [np.take_along_axis(given, p, dim) for p in indices]
    except (IndexError, ValueError):  # the call has another dimension than _dim_of finds
        return False
    pairs = zip([r.values for r in a[:-1]], [r.values for r in b[:-1]], strict=True)
    return all(_close(x, y, 0) for x, y in [*pairs, tuple(selected)])


def _dim_of(case: Case) -> int:
    at = 2 if case.name in ("topk", "kthvalue") else 1
    dim = case.kwargs.get("dim", case.args[at] if len(case.args) > at else -1)
    return dim if type(dim) is int else -1


def _structure(ours: Any, theirs: Any) -> Difference | None:
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        found = (_structure(a, b) for a, b in zip(ours, theirs, strict=True))
        return next((d for d in found if d), None)
    if isinstance(ours, Result) and isinstance(theirs, Result):
        return None
    both_nan = isinstance(ours, float) and isinstance(theirs, float) and ours != ours
    if type(ours) is not type(theirs) or not (both_nan or _equal(ours, theirs)):
        return Difference("structure", _shown(ours), _shown(theirs))
    return None


def _equal(ours: Any, theirs: Any) -> bool:
    return bool(np.isclose(ours, theirs)) if isinstance(ours, float) else bool(ours == theirs)


def _results(
    prefix: str, case: Case, exact: Any, ours: list[Result], theirs: list[Result]
) -> Difference | None:
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a.dtype != b.dtype:
            return Difference(f"{prefix}dtype", a.dtype, b.dtype)
        if a.shape != b.shape:
            return Difference(f"{prefix}shape", str(a.shape), str(b.shape))
        asks = not prefix and case.name not in RANDOM
        if asks and a.requires_grad != b.requires_grad:
            return Difference("requires_grad", str(a.requires_grad), str(b.requires_grad))
        if case.name not in RANDOM and not _agree(case, a, b, lambda i=i: exact(i)):
            return Difference(f"{prefix}value", _shown(a), _shown(b))
    return None


def _gradients(case: Case, exact: Any, ours: Outcome, theirs: Outcome) -> Difference | None:
    if ours.gradient_error or theirs.gradient_error:
        if ours.gradient_error and theirs.gradient_error:
            return None
        kind = "gradient raises" if ours.gradient_error else "gradient accepts"
        return Difference(kind, ours.gradient_error, theirs.gradient_error)
    for i, (a, b) in enumerate(zip(ours.gradients, theirs.gradients, strict=False)):
        a, b = _zeros_for_none(a, b)
        if a is None or b is None:
            continue
        if (a.dtype, a.shape) != (b.dtype, b.shape):
            return Difference("gradient", f"{a.dtype}{a.shape}", f"{b.dtype}{b.shape}")
        if case.name not in RANDOM and not _agree(case, a, b, lambda i=i: exact.gradients(i)):
            return Difference("gradient", _shown(a), _shown(b))
    return None


def _zeros_for_none(a: Result | None, b: Result | None) -> tuple[Result | None, Result | None]:
    """Replaces missing gradients by zeros."""
    if a is None and b is not None:
        a = replace(b, values=np.zeros_like(b.values))
    if b is None and a is not None:
        b = replace(a, values=np.zeros_like(a.values))
    return a, b


class _Exact:
    """PyTorch's answer to the case in float64, computed at first use."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._outcome: Outcome | None = None

    def _get(self) -> Outcome:
        if self._outcome is None:
            import torch

            wide = self._case.mapped(_widened)
            self._outcome = run(torch, pair(wide.target)[1], wide)
        return self._outcome

    def results(self, i: int) -> Result | None:
        return _at(self._get().results(), i)

    def arguments(self, i: int) -> Result | None:
        return _at(self._get().arguments, i)

    def gradients(self, i: int) -> Result | None:
        return _at(self._get().gradients, i)


def _at(found: list[Any], i: int) -> Any:
    return found[i] if i < len(found) else None


def _widened(leaf: Any) -> Any:
    if isinstance(leaf, TensorArg) and leaf.dtype in TOLERANCES:
        return replace(leaf, dtype="float64")
    if isinstance(leaf, DType) and leaf.name in TOLERANCES:
        return DType("float64")
    return leaf


def _agree(case: Case, ours: Result, theirs: Result, exact: Any) -> bool:
    """True if equal up to rounding, or as close to the float64 answer as PyTorch's own."""
    if ours.dtype not in TOLERANCES:
        return bool(np.array_equal(ours.values, theirs.values))
    rtol = max(TOLERANCES.get(t.dtype, 0.0) for t in [ours, *case.tensors()])
    if _close(ours.values, theirs.values, rtol):
        return True
    right = exact()
    if right is None or right.shape != ours.shape or right.values.dtype != ours.values.dtype:
        return False
    with np.errstate(all="ignore"):
        wanted = right.values.copy()
        wanted[np.abs(wanted) > LARGEST[ours.dtype]] *= np.inf
        if _close(ours.values, wanted, rtol):
            return True
        a, b = np.abs(ours.values - wanted), np.abs(theirs.values - wanted)
        same = (ours.values == wanted) | (np.isnan(ours.values) & np.isnan(wanted))
        return bool(np.all(same | (a <= 4 * b)))


def _close(a: np.ndarray, b: np.ndarray, rtol: float) -> bool:
    with np.errstate(all="ignore"):
        finite = np.abs(b[np.isfinite(b)])
        scale = min(float(finite.max()), 1.0) if finite.size else 0.0
        return bool(np.allclose(a, b, rtol=rtol, atol=rtol * scale, equal_nan=True))


def _shown(value: Any) -> str:
    if isinstance(value, Result):
        return f"{value.dtype}{list(value.shape)} {np.array2string(value.values, threshold=40)}"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)
