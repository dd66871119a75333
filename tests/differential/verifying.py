"""Checks that an answer which differs from PyTorch's is right, for the rules of `meant`.

Each says True or False, or None where there is nothing to compare with.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .arguments import params_of
from .case import FLOATS, INTS, Case, DType, TensorArg, tensors_in
from .comparing import RANDOM, Difference
from .precision import TOLERANCES, close
from .running import Outcome, Result, cotangent, pair, run, their_function

Check = Callable[[Case, Difference], "bool | None"]
STEP = 1e-6  # of the numerical derivative


def like(*variants: Callable[[Case], Case | None]) -> Check:
    """Compares with PyTorch's answers to variants of the case: one must agree, if there is any."""

    def check(case: Case, found: Difference) -> bool | None:
        answered = False
        for variant in variants:
            other = variant(case)
            answer = other and _theirs(other)
            if answer and not answer.error:
                answered = True
                if _same(case, ours(found), answer):
                    return True
        return False if answered else None

    return check


def ours(found: Difference) -> Outcome:
    assert found.outcomes is not None
    return found.outcomes[0]


def _theirs(case: Case) -> Outcome | None:
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
    if mine.gradients and answer.gradients and len(mine.gradients) == len(answer.gradients):
        both = zip(mine.gradients, answer.gradients, strict=True)
        pairs += [(x, y) for x, y in both if x is not None and y is not None]
    return all(x.shape == y.shape and _equal(x.values, y.values, x.dtype, rtol) for x, y in pairs)


def _equal(mine: np.ndarray, theirs: np.ndarray, dtype: str, rtol: float) -> bool:
    """Equal in a dtype: cut to whole numbers, wrapped around or infinite as it is."""
    with np.errstate(all="ignore"):
        if dtype in INTS and theirs.dtype.kind == "f":
            theirs = np.trunc(theirs)
        if dtype in INTS and theirs.dtype.kind == "i":
            theirs = theirs.astype(dtype)
        if dtype == "bool":
            return bool(np.array_equal(mine, theirs.astype(bool)))
        if dtype == "float16":  # sums may be infinite on the way to less
            overflows = np.isinf(mine) & (mine * theirs > 0) & (np.abs(theirs) > 1e3)
            theirs = np.where((np.abs(theirs) > 65504) | overflows, theirs * np.inf, theirs)
        elif dtype in ("float32", "bfloat16"):
            theirs = np.where(np.abs(theirs) > 3.4e38, theirs * np.inf, theirs)
    return close(mine.astype(float), theirs.astype(float), rtol, 1e-7 if rtol > 1e-3 else 0)


def _cast(change: Callable[[str], str]) -> Callable[[Case], Case]:
    def leaf(value: Any) -> Any:
        if isinstance(value, TensorArg):
            dtype = change(value.dtype)
            kind = {"b": bool, "i": np.int64}.get(np.dtype(dtype).kind, np.float64)
            grad = value.grad and dtype in FLOATS
            return replace(value, dtype=dtype, values=value.values.astype(kind), grad=grad)
        if isinstance(value, DType) and value.name in FLOATS:
            return DType("float64")
        return value

    return lambda case: case.mapped(leaf)


_floats = _cast(lambda dtype: "float64" if dtype in FLOATS else dtype)
_no_bools = _cast(lambda dtype: "float64" if dtype in FLOATS else "int64")
_wide_ints = _cast(
    lambda dtype: "float64" if dtype in FLOATS else "int64" if dtype in INTS else dtype
)
_all_floats = _cast(lambda dtype: "float64")

_all_ints = _cast(lambda dtype: "int64")
_all_but_indices = _cast(lambda dtype: dtype if dtype == "int64" else "float64")


def _first_as_ints(case: Case) -> Case | None:
    """For bincount, whose weights are floats."""
    wide = _all_floats(case)
    if not case.args:
        return None
    first = _all_ints(replace(case, args=case.args[:1], kwargs={})).args
    return replace(wide, args=(*first, *wide.args[1:]))


def _without_grad(case: Case) -> Case:
    return case.mapped(lambda t: replace(t, grad=False) if isinstance(t, TensorArg) else t)


in_wider_dtypes = like(
    _floats, _wide_ints, _no_bools, _all_floats, _all_but_indices, _all_ints, _first_as_ints
)


def other_forms(case: Case, found: Difference) -> bool | None:
    """The function, method or that of nn.functional; numbers as tensors, by name, with defaults."""
    return like(*_forms())(case, found)


def _forms() -> Iterator[Callable[[Case], Case | None]]:
    changes = (_plain, _by_name, _with_defaults, _by_position, _swapped)
    for path in ("", "Tensor.", "nn.functional.", "special.", "linalg."):
        for change in changes:
            for numbers in (lambda case: case, _tensors_for_numbers):
                yield lambda case, path=path, change=change, numbers=numbers: _both(
                    replace(case, target=path + case.name), change, numbers
                )


def _both(case: Case, *changes: Callable[[Case], Case | None]) -> Case | None:
    changed: Case | None = case
    for change in changes:
        changed = changed and change(changed)
    return changed


def _plain(case: Case) -> Case | None:
    kwargs = {k: v for k, v in case.kwargs.items() if v is not None}
    return replace(case, kwargs=kwargs)


def _by_position(case: Case) -> Case | None:
    """Arguments by name in the order in which they are."""
    kwargs = [v for v in case.kwargs.values() if v is not None]
    return replace(case, args=(*case.args, *kwargs), kwargs={})


def _swapped(case: Case) -> Case | None:
    if len(case.args) < 2:
        return None
    return replace(case, args=(case.args[1], case.args[0], *case.args[2:]))


def _tensors_for_numbers(case: Case) -> Case | None:
    def wrapped(value: Any) -> Any:
        if isinstance(value, (bool, int, float)) and abs(value) < 2**62:
            dtype = {bool: "bool", int: "int64", float: "float64"}[type(value)]
            return TensorArg(np.array(value), dtype)
        return value

    if not case.tensors():
        return None
    return replace(
        case,
        args=tuple(map(wrapped, case.args)),
        kwargs={k: wrapped(x) for k, x in case.kwargs.items() if x is not None},
    )


def named(case: Case) -> dict[str, Any]:
    """The arguments by the names of the engine's parameters; none for functions without schema."""
    for params in params_of(case.target):
        names = [p.name for p in params]
        if len(case.args) <= len(names) and {*case.kwargs} <= {*names, "input"}:
            given = dict(zip(names, case.args, strict=False))
            return given | {names[0] if k == "input" else k: x for k, x in case.kwargs.items()}
    return {}


def _by_name(case: Case) -> Case | None:
    """All arguments but the first by name, without None."""
    given = named(case)
    rest = {k: x for k, x in list(given.items())[1:] if x is not None}
    return replace(case, args=tuple(given.values())[:1], kwargs=rest) if given else None


def _with_defaults(case: Case) -> Case | None:
    """All arguments by position, defaults between them."""
    given = named(case)
    for params in params_of(case.target):
        values = [given.get(p.name, p.fallback) for p in params]
        last = max((i for i, p in enumerate(params) if p.name in given), default=0)
        if {*given} <= {p.name for p in params}:
            return replace(case, args=tuple(values[: last + 1]), kwargs={})
    return None


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
        rtol = max(1e-5, 2 * TOLERANCES[tensors[index].dtype])
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
        other = _with_tensor(case, index, moved_tensor)
        outcome = run(lib, pair(case.target)[1], _without_grad(_floats(other)))
        if outcome.error:
            return None
        answers.append(outcome.results())
    wanted = [r.requires_grad for r in ours(found).results()]
    return [_rise(answers[i], answers[i + 1], wanted) / step for i in (0, 1)]


def _with_tensor(case: Case, index: int, new: TensorArg) -> Case:
    """The case with another tensor in place of one of those with gradient."""
    counter = itertools.count()

    def change(leaf: Any) -> Any:
        counts = isinstance(leaf, TensorArg) and leaf.grad
        return new if counts and next(counter) == index else leaf

    return case.mapped(change)


def _rise(before: list[Result], after: list[Result], wanted: list[bool]) -> float:
    """By how much the results rise, weighted by the cotangent, but for nan and infinities."""
    total = 0.0
    for a, b, counts in zip(before, after, wanted, strict=True):
        if counts:
            with np.errstate(all="ignore"):
                rises = cotangent(a.shape) * (b.values - a.values)
                rises = np.where(np.isfinite(a.values) | np.isfinite(b.values), rises, 0.0)
            total += float(rises.sum())
    return total


def scaled(degree: int, factor: float = 2.0**-600) -> Check:
    """Of a homogeneous function: the answer to elements so small that no square overflows."""

    def smaller(leaf: Any) -> Any:
        if isinstance(leaf, TensorArg):
            return replace(_floats_leaf(leaf), values=leaf.values * factor)
        return leaf

    def check(case: Case, found: Difference) -> bool | None:
        answer = _theirs(case.mapped(smaller))
        if answer is None or answer.error:
            return None
        mine, right = ours(found).results()[found.index], answer.results()[found.index]
        where = apart(found)
        with np.errstate(all="ignore"):
            wanted = right.values[where] / factor**degree
        return _equal(mine.values[where], wanted, mine.dtype, 3e-5)

    return check


def _floats_leaf(leaf: TensorArg) -> TensorArg:
    return replace(leaf, dtype="float64")


def apart(found: Difference) -> np.ndarray:
    """The mask of elements in which the two tensors differ."""
    mine, theirs = found.pair()
    with np.errstate(all="ignore"):
        same = np.isclose(mine.values, theirs.values, rtol=1e-3, atol=1e-6, equal_nan=True)
        return ~same


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


def has_expanded(case: Case) -> bool:
    """True if elements of an argument share memory."""
    return any(t.layout == "expanded" and t.values.size > 1 for t in case.tensors())


def indices(case: Case) -> list[TensorArg]:
    """The tensors of integers among the arguments that are not the first."""
    return [t for value in case.arguments()[1:] for t in tensors_in(value) if t.dtype in INTS]


def finite(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all())


def count(values: np.ndarray) -> int:
    return math.prod(values.shape)


def promoted(case: Case, found: Difference) -> bool:
    import torch

    dtypes = [getattr(torch, t.dtype) for t in case.tensors()]
    wanted = dtypes[0]
    for dtype in dtypes[1:]:
        wanted = torch.promote_types(wanted, dtype)
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


def theirs_of(found: Difference) -> Outcome:
    assert found.outcomes is not None
    return found.outcomes[1]


def infinite_at_poles(case: Case, found: Difference) -> bool:
    """Whether ours is infinite and the element a whole number of 0 or less."""
    tensor = case.tensors()[0]
    poles = (tensor.values <= 0) & (2 * tensor.values == np.round(2 * tensor.values))
    if found.kind == "accepts":
        return bool(poles.all() and np.isinf(ours(found).results()[0].values).all())
    mine, where = found.pair()[0].values, apart(found)
    if tensor.values.shape != mine.shape or not where.any():
        return False
    return bool(poles[where].all() and np.isinf(mine[where]).all())


def has_index_out_of_range(case: Case) -> bool:
    size = max(case.tensors()[0].values.shape, default=1)
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


def _changed(change: Callable[[Any], Any]) -> Callable[[Case], Case]:
    """The case with ``change`` applied to every argument."""
    return lambda case: replace(
        case,
        args=tuple(map(change, case.args)),
        kwargs={k: change(x) for k, x in case.kwargs.items()},
    )


def _whole_number(value: Any) -> Any:
    whole = isinstance(value, (bool, float)) and math.isfinite(value) and value == int(value)
    return int(value) if whole else value


def _each_tensor(change: Callable[[TensorArg], TensorArg]) -> Callable[[Case], Case]:
    return lambda case: case.mapped(lambda t: change(t) if isinstance(t, TensorArg) else t)


whole_numbers = like(
    _changed(_whole_number), lambda case: _wide_ints(_changed(_whole_number)(case)), _all_floats
)
contiguous = like(_each_tensor(lambda t: replace(t, layout="contiguous")))
out_of_place = like(lambda case: _by_name(replace(case, target=case.target.rstrip("_"))))


def _bools(case: Case) -> Case | None:
    """Numbers and None as bools where the parameter is one."""
    flags = {p.name for params in params_of(case.target) for p in params if p.kind == "bool"}
    given = named(case)
    if not given:
        return None
    given = {k: bool(x) if k in flags else x for k, x in given.items()}
    return replace(case, args=tuple(given.values())[:1], kwargs=dict(list(given.items())[1:]))


flags = like(_bools)


def nothing(case: Case, found: Difference) -> None:
    """The check where there is nothing to compare with."""


def over_all_dims(case: Case, found: Difference) -> bool | None:
    dims = tuple(range(case.tensors()[0].values.ndim))
    change = _changed(lambda x: dims if isinstance(x, (list, tuple)) and not x else x)
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
    line = _each_tensor(
        lambda t: replace(t, values=np.reshape(t.values, (-1,)), layout="contiguous")
    )
    answer = _theirs(line(case))
    if answer is None or answer.error:
        return None
    pairs = zip(_flat(ours(found)), _flat(answer), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def with_one_more_dim(case: Case, found: Difference) -> bool | None:
    wider = _each_tensor(lambda t: replace(t, values=t.values[..., None], layout="contiguous"))
    answer = _theirs(wider(case))
    if answer is None or answer.error:
        return None
    pairs = zip(_flat(ours(found)), _flat(answer), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


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


def over_padded(case: Case, found: Difference) -> bool | None:
    return None


def normalized(case: Case, found: Difference) -> bool | None:
    """Compares with the definition, in numbers of 80 bits."""
    given = {"eps": 1e-5} | named(case)
    if found.kind == "gradient":
        return derivative(case, found)
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
        centred = lines - lines.mean(axes, keepdims=True)
        variance = (centred * centred).mean(axes, keepdims=True)
        eps = given["eps"]
        right = (centred / np.sqrt(variance + eps)).reshape(x.shape)
        for name, apply in (("weight", np.multiply), ("bias", np.add)):
            factor = given.get(name)
            if factor is not None:
                right = apply(right, factor.values.astype(np.longdouble).reshape(shape))
        mine = ours(found).results()[0]
        rtol = max(TOLERANCES[mine.dtype], 1e-9)
        return _equal(mine.values, right.astype(float), mine.dtype, rtol)


def non_finite(case: Case, found: Difference) -> bool:
    """Whether both are infinite or nan wherever they differ."""
    return all(not np.isfinite(r.values[apart(found)]).any() for r in found.pair())


def without_odd_weights(case: Case, found: Difference) -> bool | None:
    """Where they differ, compares with the answer to a weight without infinities and nan."""
    weight = case.tensors()[1]
    plain = replace(weight, values=np.nan_to_num(weight.values, nan=0, posinf=0, neginf=0))
    answer = _theirs(case.mapped(lambda t: plain if t is weight else t))
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
    answer = _theirs(_floats(replace(case, target=target, args=(pooled,), kwargs=rest)))
    if answer is None or answer.error:
        return None
    mine, right = ours(found).results()[0], answer.results()[0]
    return _equal(mine.values, right.values, mine.dtype, 3e-2)


def _ints_for_tuples(case: Case) -> Case:
    return _changed(lambda x: x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x)(case)


one_size = like(_ints_for_tuples, lambda case: _all_floats(_ints_for_tuples(case)))


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


def _dropped(at: tuple[int, ...], dim: int) -> tuple[int, ...]:
    dim %= len(at)
    return at[:dim] + at[dim + 1 :]


def has_extremes(case: Case) -> bool:
    """True if integers or halves are near the ends of their range."""
    ends = {name: np.iinfo(name).max / 2 for name in INTS} | {"float16": 3e4}
    return any(
        bool((np.abs(t.values.astype(float)) >= ends[t.dtype]).any())
        for t in case.tensors()
        if t.dtype in ends
    )


def only_leading_targets(case: Case, found: Difference) -> bool | None:
    target = case.tensors()[1]
    values = target.values.copy()
    rows = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
    for row in rows:
        negative = np.flatnonzero(row < 0)
        if negative.size:
            row[negative[0] :] = -1
    change = _each_tensor(lambda t: replace(t, values=values) if t is target else t)
    return like(change, lambda case: _all_floats_but_last(change(case)))(case, found)


def _all_floats_but_last(case: Case) -> Case:
    last = case.tensors()[-1]
    return case.mapped(
        lambda t: t if t is last or not isinstance(t, TensorArg) else replace(t, dtype="float64")
    )
