"""Comparison of two outcomes of a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .case import Case
from .execution import Outcome, Result, pair, run
from .precision import agree, close, largest

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
        "rrelu_",
        "cauchy_",
        "log_normal_",
        "geometric_",
        "binomial",
        "poisson",
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
    outcomes: tuple[Outcome, Outcome] | None = field(default=None, repr=False, compare=False)
    index: int = 0  # of the result, argument or gradient that differs

    def pair(self) -> tuple[Result, Result]:
        """The tensors that differ."""
        ours, theirs = (of_kind(self.kind, o)[self.index] for o in self.outcomes or ())
        return _zeros_for_none(ours, theirs)

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
    found = _compare(case, ours, theirs)
    return found and replace(found, outcomes=(ours, theirs))


def _compare(case: Case, ours: Outcome, theirs: Outcome) -> Difference | None:
    if ours.error or theirs.error:
        if ours.error and theirs.error:
            return None
        kind = "raises" if ours.error else "accepts"
        return Difference(kind, ours.error or _summary(ours), theirs.error or _summary(theirs))
    if case.name.rstrip("_") in PICKS and _same_selection(case, ours, theirs):
        return None
    return (
        _structure(ours.answer, theirs.answer)
        or _results("", case, ours, theirs)
        or _results("argument ", case, ours, theirs)
        or _gradients(case, ours, theirs)
    )


def of_kind(kind: str, outcome: Outcome) -> list[Any]:
    """The tensors of an outcome that a kind of difference is about."""
    if kind.startswith("argument"):
        return outcome.arguments
    return outcome.gradients if kind == "gradient" else outcome.results()


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
    places = [r[-1].values for r in (a, b)]
    if places[0].ndim < given.ndim:
        places = [np.expand_dims(p, dim) for p in places]
    if places[0].ndim != given.ndim:
        return False
    try:
        picked = [np.take_along_axis(given, p, dim) for p in places]
    except (IndexError, ValueError):  # the call has another dimension than _dim_of finds
        return False
    pairs = zip([r.values for r in a[:-1]], [r.values for r in b[:-1]], strict=True)
    return all(close(x, y, 0) for x, y in [*pairs, tuple(picked)])


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


def _results(prefix: str, case: Case, ours: Outcome, theirs: Outcome) -> Difference | None:
    kind = f"{prefix}value"
    for i, (a, b) in enumerate(zip(of_kind(kind, ours), of_kind(kind, theirs), strict=True)):
        if a.dtype != b.dtype:
            return Difference(f"{prefix}dtype", a.dtype, b.dtype, index=i)
        if a.shape != b.shape:
            return Difference(f"{prefix}shape", str(a.shape), str(b.shape), index=i)
        asks = not prefix and case.name not in RANDOM
        if asks and a.requires_grad != b.requires_grad:
            return Difference("requires_grad", str(a.requires_grad), str(b.requires_grad), index=i)
        if case.name not in RANDOM and not agree(case, a, b, chosen(kind, i)):
            return Difference(kind, _shown(a), _shown(b), index=i)
    return None


def _gradients(case: Case, ours: Outcome, theirs: Outcome) -> Difference | None:
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
            return Difference("gradient", f"{a.dtype}{a.shape}", f"{b.dtype}{b.shape}", index=i)
        around = max((largest(g.values) for g in theirs.gradients if g), default=0.0)
        if case.name not in RANDOM and not agree(case, a, b, chosen("gradient", i), around):
            return Difference("gradient", _shown(a), _shown(b), index=i)
    return None


def chosen(kind: str, i: int) -> Callable[[Outcome], Result | None]:
    def choose(outcome: Outcome) -> Result | None:
        found = of_kind(kind, outcome)
        return found[i] if i < len(found) else None

    return choose


def _zeros_for_none(a: Result | None, b: Result | None) -> tuple[Result | None, Result | None]:
    """Replaces missing gradients by zeros."""
    if a is None and b is not None:
        a = replace(b, values=np.zeros_like(b.values))
    if b is None and a is not None:
        b = replace(a, values=np.zeros_like(a.values))
    return a, b


def _shown(value: Any) -> str:
    if isinstance(value, Result):
        return f"{value.dtype}{list(value.shape)} {np.array2string(value.values, threshold=40)}"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)
