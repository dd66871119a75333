"""Variants of a case: other dtypes, forms of the call, layouts and sizes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .arguments import params_of
from .case import FLOATS, INTS, Case, DType, TensorArg


def cast(change: Callable[[str], str]) -> Callable[[Case], Case]:
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


wide_floats = cast(lambda dtype: "float64" if dtype in FLOATS else dtype)
no_bools = cast(lambda dtype: "float64" if dtype in FLOATS else "int64")
wide_ints = cast(
    lambda dtype: "float64" if dtype in FLOATS else "int64" if dtype in INTS else dtype
)
all_floats = cast(lambda dtype: "float64")
all_ints = cast(lambda dtype: "int64")
all_but_indices = cast(lambda dtype: dtype if dtype == "int64" else "float64")


def first_as_ints(case: Case) -> Case | None:
    """For bincount, whose weights are floats."""
    wide = all_floats(case)
    if not case.args:
        return None
    first = all_ints(replace(case, args=case.args[:1], kwargs={})).args
    return replace(wide, args=(*first, *wide.args[1:]))


def without_grad(case: Case) -> Case:
    return case.mapped(lambda t: replace(t, grad=False) if isinstance(t, TensorArg) else t)


def forms() -> Iterator[Callable[[Case], Case | None]]:
    changes = (plain, by_name, with_defaults, by_position, swapped)
    for path in ("", "Tensor.", "nn.functional.", "special.", "linalg."):
        for change in changes:
            for numbers in (lambda case: case, tensors_for_numbers):
                yield lambda case, path=path, change=change, numbers=numbers: chained(
                    replace(case, target=path + case.name), change, numbers
                )


def chained(case: Case, *changes: Callable[[Case], Case | None]) -> Case | None:
    changed: Case | None = case
    for change in changes:
        changed = changed and change(changed)
    return changed


def plain(case: Case) -> Case | None:
    kwargs = {k: v for k, v in case.kwargs.items() if v is not None}
    return replace(case, kwargs=kwargs)


def by_position(case: Case) -> Case | None:
    """Arguments by name in the order in which they are."""
    kwargs = [v for v in case.kwargs.values() if v is not None]
    return replace(case, args=(*case.args, *kwargs), kwargs={})


def swapped(case: Case) -> Case | None:
    if len(case.args) < 2:
        return None
    return replace(case, args=(case.args[1], case.args[0], *case.args[2:]))


def tensors_for_numbers(case: Case) -> Case | None:
    def wrapped(value: Any) -> Any:
        if type(value) is int and value < 0 and case.tensors()[0].dtype == "uint8":
            return TensorArg(np.array(value % 256), "uint8")
        if isinstance(value, (bool, int, float)) and (type(value) is float or abs(value) < 2**62):
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
        fits = all(
            isinstance(x, DType) == (p.kind == "dtype") or x is None
            for p, x in zip(params, case.args, strict=False)
        )
        if fits and len(case.args) <= len(names) and {*case.kwargs} <= {*names, "input"}:
            given = dict(zip(names, case.args, strict=False))
            return given | {names[0] if k == "input" else k: x for k, x in case.kwargs.items()}
    return {}


def by_name(case: Case) -> Case | None:
    """All arguments but the first by name, without None."""
    given = named(case)
    rest = {k: x for k, x in list(given.items())[1:] if x is not None}
    return replace(case, args=tuple(given.values())[:1], kwargs=rest) if given else None


def with_defaults(case: Case) -> Case | None:
    """All arguments by position, defaults between them."""
    given = named(case)
    for params in params_of(case.target):
        values = {p.name: given.get(p.name, p.fallback) for p in params}
        by_position = [p.name for p in params if not p.keyword_only]
        last = max((i for i, name in enumerate(by_position) if name in given), default=0)
        rest = {k: x for k, x in values.items() if k not in by_position and x is not None}
        if {*given} <= {*values}:
            args = tuple(values[name] for name in by_position[: last + 1])
            return replace(case, args=args, kwargs={k: rest[k] for k in rest if k in given})
    return None


def with_tensor(case: Case, index: int, new: TensorArg) -> Case:
    """The case with another tensor in place of one of those with gradient."""
    counter = itertools.count()

    def change(leaf: Any) -> Any:
        counts = isinstance(leaf, TensorArg) and leaf.grad
        return new if counts and next(counter) == index else leaf

    return case.mapped(change)


def changed(change: Callable[[Any], Any]) -> Callable[[Case], Case]:
    """The case with ``change`` applied to every argument."""
    return lambda case: replace(
        case,
        args=tuple(map(change, case.args)),
        kwargs={k: change(x) for k, x in case.kwargs.items()},
    )


def whole_number(value: Any) -> Any:
    whole = isinstance(value, (bool, float)) and math.isfinite(value) and value == int(value)
    return int(value) if whole else value


def each_tensor(change: Callable[[TensorArg], TensorArg]) -> Callable[[Case], Case]:
    return lambda case: case.mapped(lambda t: change(t) if isinstance(t, TensorArg) else t)


def bools_for_flags(case: Case) -> Case | None:
    """Numbers and None as bools where the parameter is one."""
    flags = {p.name for params in params_of(case.target) for p in params if p.kind == "bool"}
    given = named(case)
    if not given:
        return None
    given = {k: bool(x) if k in flags else x for k, x in given.items()}
    return replace(case, args=tuple(given.values())[:1], kwargs=dict(list(given.items())[1:]))


def ints_for_tuples(case: Case) -> Case:
    return changed(lambda x: x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x)(case)


def all_floats_but_last(case: Case) -> Case:
    last = case.tensors()[-1]
    return case.mapped(
        lambda t: t if t is last or not isinstance(t, TensorArg) else replace(t, dtype="float64")
    )


def without_dtypes(case: Case) -> Case:
    args = tuple(a for a in case.args if not isinstance(a, DType))
    kwargs = {k: x for k, x in case.kwargs.items() if not isinstance(x, DType)}
    return replace(case, args=args, kwargs=kwargs)
