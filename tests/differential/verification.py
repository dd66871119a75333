"""Checks, for the rules of `known_differences`, that an answer other than PyTorch's is right.

Each returns True or False, or None where there is nothing to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .case import INTS, Case, DType, TensorArg
from .comparison import PICKS, RANDOM, Difference
from .execution import Outcome, Result, cotangent, pair, run, their_function
from .precision import EPSILON, TOLERANCES, close, largest
from .variants import (
    all_but_indices,
    all_floats,
    all_floats_but_last,
    all_ints,
    bools_for_flags,
    by_name,
    changed,
    each_tensor,
    first_as_ints,
    forms,
    ints_for_tuples,
    named,
    no_bools,
    whole_number,
    wide_floats,
    wide_ints,
    with_tensor,
    without_dtypes,
    without_grad,
)

Check = Callable[[Case, Difference], "bool | None"]
STEP = 1e-6  # of the numerical derivative


def like(*variants: Callable[[Case], Case | None]) -> Check:
    """Compares with PyTorch's answers to variants of the case: one must agree, if there is any."""

    def check(case: Case, found: Difference) -> bool | None:
        answered = False
        for variant in variants:
            other = variant(case)
            answer = other and their_answer(other)
            if answer and not answer.error:
                answered = True
                if _same(case, ours(found), answer):
                    return True
        return False if answered else None

    return check


def ours(found: Difference) -> Outcome:
    assert found.outcomes is not None
    return found.outcomes[0]


def their_answer(case: Case) -> Outcome | None:
    import torch

    function = their_function(case.target)
    return run(torch, function, case) if function else None


def _same(case: Case, mine: Outcome, answer: Outcome) -> bool | None:
    """Equal but for the dtypes and rounding; gradients count where both have some."""
    a, b = mine.results(), answer.results()
    if len(a) != len(b):
        return False
    if not a:
        return bool(mine.answer == answer.answer)
    if case.name in RANDOM:
        return all(x.shape == y.shape for x, y in zip(a, b, strict=True))
    rtol = max(TOLERANCES.get(t.dtype, 0.0) for t in [*a, *case.tensors()])
    pairs = list(zip(a, b, strict=True))
    if case.name.rstrip("_") in PICKS:  # of equal elements any may be selected
        return equal(a[0].values, b[0].values, a[0].dtype, rtol)
    if not all(x.shape == y.shape for x, y in pairs):
        return False
    poles = case.name.rstrip("_") in POLES
    if poles:
        pairs = [(x, _with_infinite_poles(x, y)) for x, y in pairs]
    if not all(equal(x.values, y.values, x.dtype, rtol) for x, y in pairs):
        return False
    slopes = [
        (x, y) for x, y in zip(mine.gradients, answer.gradients, strict=False) if x and y
    ] if len(mine.gradients) == len(answer.gradients) else []  # fmt: skip
    if poles:
        slopes = [(x, _with_infinite_poles(x, y)) for x, y in slopes]
    around = max((largest(y.values) for _, y in slopes), default=0.0)
    return all(
        equal(x.values, y.values, x.dtype, rtol, 8 * EPSILON[x.dtype] * around) for x, y in slopes
    )


POLES = frozenset(["digamma", "polygamma", "lgamma", "mvlgamma"])


def _with_infinite_poles(mine: Result, theirs: Result) -> Result:
    """PyTorch's values, infinite where ours is and PyTorch's is a rounded pole."""
    poles = np.isinf(mine.values) & (np.abs(theirs.values) > 1e6)
    return replace(theirs, values=np.where(poles, mine.values, theirs.values))


def equal(
    mine: np.ndarray, theirs: np.ndarray, dtype: str, rtol: float, least: float = 0.0
) -> bool:
    """Equal in a dtype: cut to whole numbers, wrapped around or infinite as it is."""
    with np.errstate(all="ignore"):
        if dtype in INTS and theirs.dtype.kind == "f":
            theirs = np.where(mine == np.rint(theirs), mine, np.trunc(theirs))
        if dtype in INTS and theirs.dtype.kind == "i":
            theirs = theirs.astype(dtype)
        if dtype == "bool":
            return bool(np.array_equal(mine, theirs.astype(bool)))
        if dtype == "float16":  # sums may be infinite on the way to less
            overflows = np.isinf(mine) & (mine * theirs > 0) & (np.abs(theirs) > 1e3)
            theirs = np.where((np.abs(theirs) > 65504) | overflows, theirs * np.inf, theirs)
        elif dtype in ("float32", "bfloat16"):
            theirs = np.where(np.abs(theirs) > 3.4e38, theirs * np.inf, theirs)
    return close(
        mine.astype(float), theirs.astype(float), rtol, least + (1e-7 if rtol > 1e-3 else 0)
    )


in_wider_dtypes = like(
    wide_floats, wide_ints, no_bools, all_floats, all_but_indices, all_ints, first_as_ints
)


def other_forms(case: Case, found: Difference) -> bool | None:
    """The function, method or that of nn.functional; numbers as tensors, by name, with defaults."""
    return like(*forms())(case, found)


def derivative(case: Case, found: Difference) -> bool | None:
    """Compares with the slope of PyTorch's answer in float64, where the gradients differ.

    Where the slopes at both sides differ, one between them will do.
    """
    import torch

    tensors = [t for t in case.tensors() if t.grad]
    compared = False
    for index, gradient in enumerate(ours(found).gradients):
        if found.kind == "gradient" and index != found.index:
            continue
        mine = np.zeros(tensors[index].values.shape) if gradient is None else gradient.values
        theirs = found.pair()[1].values if found.kind == "gradient" else mine * np.nan
        with np.errstate(all="ignore"):
            apart = ~np.isclose(mine, theirs, rtol=1e-9, atol=0)
        rtol = max(1e-5, 2 * max(TOLERANCES.get(t.dtype, 0.0) for t in case.tensors()))
        for where in list(np.ndindex(mine.shape))[:64]:
            if not apart[where]:
                continue
            if not np.isfinite(tensors[index].values[where]):
                continue
            slopes = _slopes(torch, case, found, index, where)
            if slopes is None or not np.isfinite([*slopes, mine[where]]).all():
                continue
            compared = True
            margin = rtol * max(1.0, *map(abs, slopes))
            if not min(slopes) - margin <= mine[where] <= max(slopes) + margin:
                return False
    return compared or None


def _slopes(
    lib: Any, case: Case, found: Difference, index: int, where: tuple[int, ...]
) -> list[float] | None:
    """The slopes to the left and to the right of an element of one of the tensors with gradient."""
    tensor = [t for t in case.tensors() if t.grad][index]
    step = STEP * max(1.0, abs(float(tensor.values[where])))
    answers = []
    for shift in (-step, 0.0, step):
        moved = np.array(tensor.values, float)
        moved[where] += shift
        moved_tensor = replace(tensor, values=moved, layout="contiguous", dtype="float64")
        other = with_tensor(case, index, moved_tensor)
        outcome = run(lib, pair(case.target)[1], without_grad(wide_floats(other)))
        if outcome.error:
            return None
        answers.append(outcome.results())
    wanted = [r.requires_grad for r in ours(found).results()]
    return [_rise(answers[i], answers[i + 1], wanted) / step for i in (0, 1)]


def _rise(before: list[Result], after: list[Result], wanted: list[bool]) -> float:
    """The rise of the results, weighted by the cotangent, but for nan and infinities."""
    total = 0.0
    finite = False
    for a, b, counts in zip(before, after, wanted, strict=True):
        if a.shape != b.shape:
            return math.nan
        if counts:
            finite = finite or bool(np.isfinite(a.values).any())
            with np.errstate(all="ignore"):
                rises = cotangent(a.shape) * (b.values - a.values)
                rises = np.where(np.isfinite(a.values) | np.isfinite(b.values), rises, 0.0)
            total += float(rises.sum())
    return total if finite else math.nan


def scaled(degree: int) -> Check:
    """Of a homogeneous function: the answer to elements so small that no power overflows."""

    def check(case: Case, found: Difference) -> bool | None:
        greatest = max((largest(t.values) for t in case.tensors()), default=0.0)
        factor = 1 / greatest if greatest else 1.0

        def smaller(leaf: Any) -> Any:
            if isinstance(leaf, TensorArg):
                return replace(leaf, dtype="float64", values=leaf.values * factor)
            return leaf

        answer = their_answer(case.mapped(smaller))
        if answer is None or answer.error:
            return None
        mine, right = ours(found).results()[found.index], answer.results()[found.index]
        where = apart(found)
        with np.errstate(all="ignore"):
            wanted = right.values[where] / factor**degree
        return equal(mine.values[where], wanted, mine.dtype, 3e-5)

    return check


def apart(found: Difference) -> np.ndarray:
    """The mask of elements in which the two tensors differ."""
    mine, theirs = found.pair()
    with np.errstate(all="ignore"):
        rtol = max(1e-3, TOLERANCES.get(mine.dtype, 0.0))
        same = np.isclose(mine.values, theirs.values, rtol=rtol, atol=1e-6, equal_nan=True)
        return ~same


def broadcast_apart(values: np.ndarray, found: Difference) -> np.ndarray:
    """The elements of an argument, broadcast to the result, in which the two results differ."""
    mask = apart(found)
    return np.broadcast_to(values, mask.shape)[mask]


def either(*checks: Check) -> Check:
    def check(case: Case, found: Difference) -> bool | None:
        said = [c(case, found) for c in checks]
        return True if True in said else False if False in said else None

    return check


def both(*checks: Check) -> Check:
    def check(case: Case, found: Difference) -> bool | None:
        said = [c(case, found) for c in checks]
        return False if False in said else None if None in said else True

    return check


def theirs_of(found: Difference) -> Outcome:
    assert found.outcomes is not None
    return found.outcomes[1]


whole_numbers = like(
    changed(whole_number), lambda case: wide_ints(changed(whole_number)(case)), all_floats
)
contiguous = like(each_tensor(lambda t: replace(t, layout="contiguous")))
out_of_place = like(lambda case: by_name(replace(case, target=case.target.rstrip("_"))))
flags = like(bools_for_flags)


def nothing(case: Case, found: Difference) -> None:
    """The check where there is nothing to compare with."""


def over_all_dims(case: Case, found: Difference) -> bool | None:
    dims = tuple(range(case.tensors()[0].values.ndim))
    change = changed(lambda x: dims if isinstance(x, (list, tuple)) and not x else x)
    return like(change)(case, found)


def without(*names: str) -> Check:
    return like(
        lambda case: replace(
            case,
            args=tuple(a for a in case.args if not isinstance(a, DType)),
            kwargs={k: x for k, x in case.kwargs.items() if k not in names},
        )
    )


without_sparse = without("sparse")
without_dtype = without("dtype")


def _flat(outcome: Outcome) -> list[np.ndarray]:
    return [r.values.ravel() for r in outcome.results()]


def as_a_line(case: Case, found: Difference) -> bool | None:
    """Compares the elements with those for tensors of one dimension."""
    if found.kind == "raises":
        return True
    line = each_tensor(
        lambda t: replace(t, values=np.reshape(t.values, (-1,)), layout="contiguous")
    )
    answer = their_answer(line(case))
    if answer is None or answer.error:
        return None
    pairs = zip(_flat(ours(found)), _flat(answer), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def with_one_more_dim(case: Case, found: Difference) -> bool | None:
    wider = each_tensor(lambda t: replace(t, values=t.values[..., None], layout="contiguous"))
    answer = their_answer(wider(case))
    if answer is None or answer.error:
        return None
    pairs = zip(_flat(ours(found)), _flat(answer), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def without_odd_weights(case: Case, found: Difference) -> bool | None:
    """Compares, where they differ, with the answer to a weight without infinities and nan."""
    weight = case.tensors()[1]
    plain = replace(weight, values=np.nan_to_num(weight.values, nan=0, posinf=0, neginf=0))
    answer = their_answer(case.mapped(lambda t: plain if t is weight else t))
    if answer is None or answer.error or not np.isnan(found.pair()[1].values[apart(found)]).all():
        return None if answer is None or answer.error else False
    where = apart(found)
    mine, right = found.pair()[0], answer.results()[0]
    return close(mine.values[where], right.values[where], TOLERANCES[mine.dtype])


def largest_of_windows(case: Case, found: Difference) -> bool | None:
    """Compares with max pooling of the absolute values."""
    given = named(case)
    if not given:
        return None
    image = given["input"]
    pooled = replace(image, values=np.abs(image.values), grad=False)
    rest = {k: x for k, x in given.items() if k not in ("input", "norm_type")}
    target = case.target.replace("lp_pool", "max_pool")
    answer = their_answer(wide_floats(replace(case, target=target, args=(pooled,), kwargs=rest)))
    if answer is None or answer.error:
        return None
    mine, right = ours(found).results()[0], answer.results()[0]
    return equal(mine.values, right.values, mine.dtype, 3e-2)


one_size = like(ints_for_tuples, lambda case: all_floats(ints_for_tuples(case)))


def only_leading_targets(case: Case, found: Difference) -> bool | None:
    target = case.tensors()[1]
    values = target.values.copy()
    rows = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
    for row in rows:
        negative = np.flatnonzero(row < 0)
        if negative.size:
            row[negative[0] :] = -1
    change = each_tensor(lambda t: replace(t, values=values) if t is target else t)
    return like(change, lambda case: all_floats_but_last(change(case)))(case, found)


def only_undefined_casts(case: Case, found: Difference) -> bool | None:
    """True if the two differ only where the same in float64 does not fit the integers."""
    wide = their_answer(without_dtypes(wide_floats(case)))
    if wide is None or wide.error:
        return None
    values = wide.results()[found.index].values
    limits = np.iinfo(found.pair()[0].dtype)
    with np.errstate(all="ignore"):
        fits = (values >= limits.min) & (values <= limits.max)
    differs = found.pair()[0].values != found.pair()[1].values
    return values.shape == differs.shape and not (fits & differs).any()


over_any_dims = like(changed(lambda x: 2.0 if x == "fro" else x))
