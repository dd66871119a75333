"""Checks of answers by definition, without PyTorch; see `verification`."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .case import INTS, Case, TensorArg, tensors_in
from .comparison import Difference
from .execution import cotangent
from .precision import EPSILON, TOLERANCES, close, largest
from .variants import named
from .verification import apart, derivative, equal, ours, theirs_of


def has_expanded(case: Case) -> bool:
    """True if elements of an argument share memory."""
    return any(t.layout == "expanded" and t.values.size > 1 for t in case.tensors())


def indices(case: Case) -> list[TensorArg]:
    """The tensors of integers among the arguments that are not the first."""
    return [t for value in case.arguments()[1:] for t in tensors_in(value) if t.dtype in INTS]


def promoted(case: Case, found: Difference) -> bool:
    import torch

    ones = [torch.ones([1] * t.values.ndim, dtype=getattr(torch, t.dtype)) for t in case.tensors()]
    wanted = functools.reduce(torch.mul, ones).dtype
    return str(wanted) == f"torch.{found.pair()[0].dtype}"


def theirs_is_nan(case: Case, found: Difference) -> bool:
    """True if PyTorch gives nan wherever the two differ, and ours does not."""
    mine, theirs = found.pair()
    where = apart(found)
    return bool(np.isnan(theirs.values[where]).all() and not np.isnan(mine.values[where]).any())


def only_nan_gets_gradient(case: Case, found: Difference) -> bool:
    tensor = [t for t in case.tensors() if t.grad][found.index]
    where = apart(found) & (found.pair()[0].values != 0)
    return bool(np.isnan(tensor.values[where]).all())


def unchanged(case: Case, found: Difference) -> bool:
    """True if ours left the arguments as they were."""
    pairs = zip(ours(found).arguments, case.tensors(), strict=True)
    return all(np.array_equal(r.values, t.values, equal_nan=True) for r, t in pairs)


def one_of_several_writes(case: Case, found: Difference) -> bool:
    """True if what ours has where the two differ is among the elements that were written."""
    mine = found.pair()[0].values[apart(found)]
    written = [t.values.ravel() for t in case.tensors()[1:]]
    written += [np.array([x]) for x in case.arguments() if isinstance(x, (int, float))]
    return bool(np.isin(mine, np.concatenate(written).astype(mine.dtype)).all())


def same_in_any_order(case: Case, found: Difference) -> bool:
    dim = next((x for x in case.args[2:3] if isinstance(x, int)), case.kwargs.get("dim", -1))
    pairs = zip(ours(found).results()[:1], theirs_of(found).results()[:1], strict=True)
    return all(
        np.array_equal(np.sort(a.values, dim), np.sort(b.values, dim), equal_nan=True)
        for a, b in pairs
    )


def infinite_at_poles(case: Case, found: Difference) -> bool:
    """True if ours is infinite and the element a whole number of 0 or less."""
    tensor = case.tensors()[0]
    poles = (tensor.values <= 0) & (2 * tensor.values == np.round(2 * tensor.values))
    if found.kind == "accepts":
        return bool(poles.all() and np.isinf(ours(found).results()[0].values).all())
    mine, where = found.pair()[0].values, apart(found)
    if tensor.values.shape != mine.shape or not where.any():
        return False
    return bool(poles[where].all() and np.isinf(mine[where]).all())


def has_index_out_of_range(case: Case) -> bool:
    shape, dim = case.tensors()[0].values.shape, named(case).get("dim")
    size = max(shape, default=1) if dim is None else shape[dim]
    return any((t.values >= size).any() or (t.values < -size).any() for t in indices(case))


def greatest_common_divisors(case: Case, found: Difference) -> bool:
    a, b = (t.values for t in case.tensors())
    right = np.vectorize(lambda x, y: math.gcd(int(x), int(y)), otypes=[object])(a, b)
    return bool((right == found.pair()[0].values).all())


def sum_of_nothing(case: Case, found: Difference) -> bool:
    """True if every row is the bias, the last tensor, or 0."""
    values = ours(found).results()[0].values
    last = case.tensors()[-1].values
    return bool(np.all(values == (last if last.ndim == 1 else 0.0)))


def as_in_numpy(case: Case, found: Difference) -> bool | None:
    if case.name == "__setitem__" or any(t.values.dtype == bool for t in case.tensors()[1:]):
        return None
    try:
        right = case.tensors()[0].values[_numpy_index(case)]
    except IndexError:
        return None
    return bool(np.array_equal(ours(found).results()[0].values, right, equal_nan=True))


def _numpy_index(case: Case) -> Any:
    if case.name != "slice":
        index = case.args[1]
        items = index if isinstance(index, tuple) else (index,)
        return tuple(i.values if isinstance(i, TensorArg) else i for i in items)
    _, dim, start, end, step = case.args
    return (*(slice(None),) * (dim % case.tensors()[0].values.ndim), slice(start, end, step))


def normalized(case: Case, found: Difference) -> bool | None:
    """Compares with the definition, in numbers of 80 bits."""
    given = {"eps": 1e-5} | named(case)
    if found.kind == "gradient":
        return derivative(case, found)
    if not given:
        return None
    x = case.tensors()[0].values.astype(np.longdouble)
    if "normalized_shape" in given:
        axes = tuple(range(x.ndim - len(given["normalized_shape"]), x.ndim))
        lines, shape = x, x.shape[x.ndim - len(axes) :]
    elif "num_groups" in given:
        lines = x.reshape(x.shape[0], given["num_groups"], -1)
        axes, shape = (2,), (x.shape[1], *(1,) * (x.ndim - 2))
    else:
        return None
    with np.errstate(all="ignore"):
        centred = lines - (0 if case.name == "rms_norm" else lines.mean(axes, keepdims=True))
        variance = (centred * centred).mean(axes, keepdims=True)
        eps = given["eps"]
        right = (centred / np.sqrt(variance + eps)).reshape(x.shape)
        for name, apply in (("weight", np.multiply), ("bias", np.add)):
            factor = given.get(name)
            if factor is not None:
                right = apply(right, factor.values.astype(np.longdouble).reshape(shape))
        mine = ours(found).results()[0]
        rtol = max(TOLERANCES[mine.dtype], 1e-9)
        return equal(mine.values, right.astype(float), mine.dtype, rtol)


def shifted_among_equals(case: Case, found: Difference) -> bool:
    """True if equal elements got the same gradient, all of them together."""
    tensor = [t for t in case.tensors() if t.grad][found.index]
    mine, theirs = (r.values for r in found.pair())
    where = apart(found)
    sums = [
        [part[tensor.values == value].sum() for part in (mine, theirs)]
        for value in np.unique(tensor.values[where])
    ]
    return all(close(np.asarray(a), np.asarray(b), 1e-3) for a, b in sums)


def searched_by_numpy(case: Case, found: Difference) -> bool:
    """Compares with NumPy, for which nan comes last."""
    tensors = {t.values.ndim: t for t in case.tensors()}
    given = named(case)
    line = given.get("boundaries", given.get("sorted_sequence", tensors.get(1))).values
    values = given.get("self", 0)
    values = values.values if isinstance(values, TensorArg) else values
    right = given.get("side") == "right" or given.get("right") is True
    if line.ndim != 1:
        return False
    found_by_numpy = np.searchsorted(line, values, "right" if right else "left")
    return bool(np.array_equal(found_by_numpy, ours(found).results()[0].values))


def commonest(case: Case, found: Difference) -> bool:
    """True if ours are as common in their lines as elements can be."""
    given = {"dim": -1} | named(case)
    lines = np.moveaxis(case.tensors()[0].values, given["dim"], -1)
    modes = ours(found).results()[0].values.reshape(lines.shape[:-1])
    for at in np.ndindex(modes.shape):
        _, counts = np.unique(lines[at], return_counts=True)
        if (lines[at] == modes[at]).sum() != counts.max():
            return bool(np.isnan(modes[at]) and np.isnan(lines[at]).sum() >= counts.max())
    return True


def non_finite(case: Case, found: Difference) -> bool:
    """True if both are infinite or nan wherever they differ."""
    return all(not np.isfinite(r.values[apart(found)]).any() for r in found.pair())


def as_numpy_pads(case: Case, found: Difference) -> bool | None:
    given = named(case)
    widths = list(zip(given["pad"][::2], given["pad"][1::2], strict=True))[::-1]
    if any(n < 0 for pair_ in widths for n in pair_):
        return None
    x = next(iter(given.values())).values
    mode = {"replicate": "edge", "circular": "wrap"}.get(given["mode"], given["mode"])
    right = np.pad(x, [(0, 0)] * (x.ndim - len(widths)) + widths, mode=mode)
    return bool(np.array_equal(ours(found).results()[0].values, right, equal_nan=True))


def products_of_others(case: Case, found: Difference) -> bool | None:
    """Compares where PyTorch gives nan with the product of all the other elements."""
    given = named(case)
    x = next(iter(given.values())).values
    dim = given.get("dim")
    mine, theirs = found.pair()
    if not np.isnan(theirs.values[apart(found)]).all():
        return False
    sent = cotangent(ours(found).results()[0].shape)
    if dim is not None and sent.ndim < x.ndim:
        sent = np.expand_dims(sent, dim)
    sent = np.broadcast_to(sent, x.shape)
    for where in np.argwhere(apart(found)):
        at = tuple(where)
        line = x.ravel() if dim is None else np.moveaxis(x, dim, -1)[_dropped(at, dim)]
        skipped = np.ravel_multi_index(at, x.shape) if dim is None else at[dim]
        with np.errstate(all="ignore"):
            right = sent[at] * np.prod(np.delete(line, skipped))
        if not close(mine.values[at], np.asarray(right), 1e-5):
            return False
    return True


def cancels(case: Case, found: Difference) -> bool:
    """True if the two differ by no more than a few last bits of what cancels in a unit vector."""
    mine, theirs = found.pair()
    sizes = [largest(t.values) for t in case.tensors()]
    results = max((largest(r.values) for r in theirs_of(found).results()), default=0.0)
    terms = 2 * max(results, 1e-30) / min((n for n in sizes if n > 0), default=1.0)
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(mine.values - theirs.values) <= 8 * EPSILON[mine.dtype] * terms))


def _dropped(at: tuple[int, ...], dim: int) -> tuple[int, ...]:
    dim %= len(at)
    return at[:dim] + at[dim + 1 :]


def has_extremes(case: Case) -> bool:
    """True if integers or halves, or squares of floats, are near the ends of their range."""
    ends: dict[str, float] = {name: np.iinfo(name).max / 2 for name in INTS}
    ends |= {"float16": 3e4, "bfloat16": 1e18, "float32": 1e18, "float64": 1e150}
    return any(
        bool((np.abs(t.values.astype(float)) >= ends[t.dtype]).any())
        for t in case.tensors()
        if t.dtype in ends
    )


def has_infinite_numbers(case: Case) -> bool:
    return any(isinstance(x, float) and not math.isfinite(x) for x in case.arguments())
