"""Checks that an answer which differs from PyTorch's is right, for the rules of `meant`.

Each says True or False, or None where there is nothing to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .case import FLOATS, INTS, Case, DType, TensorArg, tensors_in
from .comparing import Difference
from .precision import TOLERANCES, close
from .running import Outcome, cotangent, pair, run, their_function

Check = Callable[[Case, Difference], "bool | None"]
STEP = 1e-6  # of the numerical derivative


def like(*variants: Callable[[Case], Case | None]) -> Check:
    """Compares with PyTorch's answer to the first of these variants of the case that it answers."""

    def check(case: Case, found: Difference) -> bool | None:
        for variant in variants:
            other = variant(case)
            answer = other and _theirs(other)
            if answer and not answer.error:
                return _same(case, ours(found), answer)
        return None

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
        if dtype == "float16":
            theirs = np.where(np.abs(theirs) > 65504, theirs * np.inf, theirs)
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


def _without_grad(case: Case) -> Case:
    return case.mapped(lambda t: replace(t, grad=False) if isinstance(t, TensorArg) else t)


in_wider_dtypes = like(_floats, _wide_ints, _no_bools, _all_floats, _all_but_indices, _all_ints)


def other_forms(case: Case, found: Difference) -> bool | None:
    """The function, the method or the one of nn.functional, with numbers as tensors."""
    return like(*_forms())(case, found)


def _forms() -> Iterator[Callable[[Case], Case | None]]:
    for path in ("", "Tensor.", "nn.functional.", "special.", "linalg."):
        for change in (_plain, _tensors_for_numbers, _only_tensors, _by_position, _swapped):
            yield lambda case, path=path, change=change: change(
                replace(case, target=path + case.name)
            )


def _plain(case: Case) -> Case | None:
    kwargs = {k: v for k, v in case.kwargs.items() if v is not None}
    return replace(case, kwargs=kwargs)


def _by_position(case: Case) -> Case | None:
    """Arguments by name in the order of the schema."""
    return replace(case, args=(*case.args, *_plain(case).kwargs.values()), kwargs={})


def _swapped(case: Case) -> Case | None:
    if len(case.args) < 2:
        return None
    return replace(case, args=(case.args[1], case.args[0], *case.args[2:]))


def _tensors_for_numbers(case: Case) -> Case | None:
    def wrapped(value: Any) -> Any:
        if isinstance(value, (bool, int, float)) and abs(value) < 2**62:
            dtype = {bool: "bool", int: "int64", float: "float32"}[type(value)]
            return TensorArg(np.array(value), dtype)
        return value

    if not case.tensors():
        return None
    return replace(case, args=tuple(map(wrapped, case.args)), kwargs=_plain(case).kwargs)


def _only_tensors(case: Case) -> Case | None:
    """The same, also of arguments by name, which then stand in the order of the schema."""
    plain = _by_position(case)
    return plain and _tensors_for_numbers(plain)


def derivative(case: Case, found: Difference) -> bool | None:
    """Compares with the slope of PyTorch's answer in float64, where the gradients differ.

    Where the slopes at both sides differ, one between them will do.
    """
    import torch

    tensors = [t for t in case.tensors() if t.grad]
    for index, gradient in enumerate(ours(found).gradients):
        if found.kind == "gradient" and index != found.index:
            continue
        mine = np.zeros(tensors[index].values.shape) if gradient is None else gradient.values
        theirs = found.pair()[1].values if found.kind == "gradient" else mine * np.nan
        with np.errstate(all="ignore"):
            apart = ~np.isclose(mine, theirs, rtol=1e-9, atol=0)
        rtol = 10 * max(1e-5, TOLERANCES[tensors[index].dtype])
        for where in list(np.ndindex(mine.shape))[:64]:
            if not apart[where]:
                continue
            slopes = _slopes(torch, case, found, tensors[index], where)
            if slopes is None or not np.isfinite(slopes).all():
                return None
            margin = rtol * max(1.0, *map(abs, slopes))
            if not min(slopes) - margin <= mine[where] <= max(slopes) + margin:
                return False
    return True


def _slopes(
    lib: Any, case: Case, found: Difference, tensor: TensorArg, where: tuple[int, ...]
) -> list[float] | None:
    """The slopes to the left and to the right of an element."""
    step = STEP * max(1.0, abs(float(tensor.values[where])))
    heights = []
    for shift in (-step, 0.0, step):
        moved = np.array(tensor.values, float)
        moved[where] += shift
        moved_tensor = replace(tensor, values=moved, layout="contiguous", dtype="float64")
        other = case.mapped(lambda leaf, new=moved_tensor: new if leaf is tensor else leaf)
        outcome = run(lib, pair(case.target)[1], _without_grad(_floats(other)))
        if outcome.error:
            return None
        height = 0.0
        for mine, r in zip(ours(found).results(), outcome.results(), strict=True):
            if mine.requires_grad:
                height += float((cotangent(r.shape) * r.values).sum())
        heights.append(height)
    return [(heights[1] - heights[0]) / step, (heights[2] - heights[1]) / step]


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
        with np.errstate(all="ignore"):
            return _equal(mine.values, right.values / factor**degree, mine.dtype, 3e-5)

    return check


def _floats_leaf(leaf: TensorArg) -> TensorArg:
    return replace(leaf, dtype="float64")


def apart(found: Difference) -> np.ndarray:
    """The mask of elements in which the two tensors differ."""
    mine, theirs = found.pair()
    with np.errstate(all="ignore"):
        same = np.isclose(mine.values, theirs.values, rtol=1e-3, atol=1e-6, equal_nan=True)
        return ~same


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
    """True if ours is infinite and the element a whole number of 0 or less."""
    mine = found.pair()[0].values
    where = apart(found)
    tensor = next(t for t in case.tensors())
    if tensor.values.shape != mine.shape or not where.any():
        return False
    poles = (tensor.values <= 0) & (2 * tensor.values == np.round(2 * tensor.values))
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
out_of_place = like(lambda case: replace(case, target=case.target.rstrip("_")))
flags = like(lambda case: replace(case, args=(case.args[0], *map(_flag, case.args[1:]))))


def _flag(value: Any) -> Any:
    return value


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
    """Compares with PyTorch's answer to elements of 80 bits, by NumPy."""
    return None


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
