"""Sampling of cases: functions, and arguments by the kinds in their schemas."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass, replace
from typing import Any

from .case import Case, DType, TensorArg
from .execution import COUNTERPARTS, pair
from .families import FAMILIES, PROGRAMS
from .sampling import Draw

# by name, for names more specific than their kind; others are sampled by kind
WORDS = {
    "reduction": ("mean", "sum", "none"),
    "interpolation": ("linear", "lower", "higher", "midpoint", "nearest"),
    "rounding_mode": ("floor", "trunc", None),
    "memory_format": (None,),
    "compute_mode": (None, "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"),
    "approximate": ("none", "tanh"),
    "indexing": ("ij", "xy"),
    "side": (None, "left", "right"),
    "p": ("fro",),
}
SKIPPED = ("device", "generator", "requires_grad", "_stacklevel", "non_blocking", "padding_idx")


@dataclass(frozen=True)
class Param:
    name: str
    kind: str  # as in a schema: Tensor, Operand, Number, int, float, bool, str, dtype
    several: bool = False
    variadic: bool = False
    optional: bool = False
    default: bool = False
    keyword_only: bool = False
    fallback: Any = None  # the default


@dataclass(frozen=True)
class Target:
    """A function of both frameworks, with its overloads."""

    path: str
    overloads: tuple[tuple[Param, ...], ...] = ()

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


def schema_params(schema: Any) -> tuple[Param, ...]:
    """Parameters of an op's schema, an `engine._C.Schema`."""
    return tuple(
        Param(
            p.name,
            p.kind.removesuffix("[]"),
            several=p.kind.endswith("[]"),
            variadic=p.variadic,
            optional=p.optional,
            default=p.has_default,
            keyword_only=p.keyword_only,
            fallback=p.default,
        )
        for p in schema.params
    )


def python_params(function: Any) -> tuple[Param, ...]:
    """Parameters of a Python function, with kinds from its annotations."""
    found = []
    for p in inspect.signature(function).parameters.values():
        kinds = str(p.annotation).split(" | ")
        kind = next((k for k in kinds if k in ("Tensor", "int", "float", "bool", "str")), "int")
        found.append(
            Param(
                p.name,
                "dtype" if p.name == "dtype" else kind,
                "Size" in kinds,
                optional="None" in kinds,
                default=p.default is not p.empty,
                keyword_only=p.kind is p.KEYWORD_ONLY,
                fallback=p.default,
            )
        )
    return tuple(found)


@functools.cache
def targets() -> tuple[Target, ...]:
    from engine import _C
    from engine.nn import functional

    found = [Target(path) for path in PROGRAMS]
    for name in _C.op_names:
        overloads = tuple(schema_params(s) for s in getattr(_C, name).schemas)
        if not name.startswith("_"):
            found += [Target(name, overloads), Target(f"Tensor.{name}", overloads)]
    for name, function in sorted(vars(functional).items()):
        if inspect.isfunction(inspect.unwrap(function)) and not name.startswith("_"):
            found.append(Target(f"nn.functional.{name}", (python_params(function),)))
        elif hasattr(function, "schemas") and not name.startswith("_"):
            overloads = tuple(schema_params(s) for s in function.schemas)
            found.append(Target(f"nn.functional.{name}", overloads))
    return tuple(t for t in found if _is_shared(t))


@functools.cache
def params_of(path: str) -> tuple[tuple[Param, ...], ...]:
    """The parameters of each overload of a function."""
    return next((t.overloads for t in targets() if t.path == path), ())


def _is_shared(target: Target) -> bool:
    try:
        return pair(target.path)[1] is not None
    except AttributeError:  # an op without this form
        return False


def draw_case(seed: int, index: int, only: str = "") -> Case:
    chosen = targets_named(only)
    draw = Draw(seed, index)
    target = draw.pick(chosen)
    if target.path in PROGRAMS:
        args = PROGRAMS[target.path](draw)
        kwargs = args.pop() if args and isinstance(args[-1], dict) else {}
        return _spoiled(draw, Case(target.path, tuple(args), kwargs))
    params = draw.pick(target.overloads)
    names = (target.path, target.name, target.name.rstrip("_"))
    family = next((FAMILIES[n] for n in names if n in FAMILIES), None)
    values = family(draw) if family else {}
    for param in params:
        if param.name not in values and not _left_out(draw, param):
            values[param.name] = _value(draw, param)
    return _spoiled(draw, _call(draw, target, params, values))


@functools.cache
def targets_named(only: str) -> tuple[Target, ...]:
    found = tuple(t for t in targets() if only in ("", t.name, t.path))
    if not found:
        raise SystemExit(f"no function that PyTorch has too is named {only!r}")
    return found


def _left_out(draw: Draw, param: Param) -> bool:
    return param.name in SKIPPED or (param.default and draw.chance(0.6))


def _value(draw: Draw, param: Param) -> Any:
    name, ndim = param.name, len(draw.shape)
    if param.optional and draw.chance(0.15):
        return None
    if param.kind in ("Tensor", "Operand") and param.several:
        return [draw.tensor(draw.shape) for _ in range(draw.int(1, 3))]
    if param.kind == "Tensor" or (param.kind == "Operand" and name == "self"):
        return _tensor(draw, param)
    if param.kind == "Operand":
        return draw.operand(draw.shape)
    if param.kind in ("Number", "float"):
        return draw.number() if param.kind == "Number" else draw.float()
    if param.kind == "bool":
        return draw.chance(0.5)
    if param.kind == "dtype":
        return draw.dtype_or_none() if param.optional else DType(draw.other_dtype())
    if param.kind == "str":
        return draw.pick(WORDS.get(name, ("bogus",))) if draw.chance(0.97) else "bogus"
    return _integers(draw, param, ndim)


def _tensor(draw: Draw, param: Param) -> Any:
    if param.name in ("self", "input", "condition") and not draw.shape:
        draw.shape = draw.sizes()
        if param.kind == "Operand" and draw.chance(0.1):
            return draw.number()
        return draw.tensor(draw.shape, "bool" if param.name == "condition" else None)
    return draw.tensor(draw.broadcastable(draw.shape))


def _integers(draw: Draw, param: Param, ndim: int) -> Any:
    name = param.name
    if "dim" in name or "axis" in name:
        return draw.dims(ndim) if param.several else draw.dim(ndim)
    if name in ("size", "output_size", "shape"):
        return draw.sizes() if param.several else draw.size()
    if param.several:
        return [draw.int(-1, 3) for _ in range(draw.int(0, 3))]
    return draw.int(-2, 4)


def _call(draw: Draw, target: Target, params: tuple[Param, ...], values: dict[str, Any]) -> Case:
    """Some of the arguments by position, the rest by name, as the signature allows."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    is_method = target.path.startswith("Tensor.")
    by_position = draw.int(1, len(params)) if draw.chance(0.6) else len(params)
    # their parameters have other names
    positional = COUNTERPARTS.get(target.path, "").startswith("ops.")
    if positional:
        by_position = len(params)
    for i, param in enumerate(params):
        if param.name not in values:
            by_position = min(by_position, i)
            continue
        value = values[param.name]
        first = is_method and i == 0
        if not first and (
            param.keyword_only or i >= by_position or (draw.chance(0.02) and not positional)
        ):
            by_position = min(by_position, i)
            kwargs["input" if param.name == "self" else param.name] = value
        elif param.variadic and draw.chance(0.5):
            args.extend(value if isinstance(value, (list, tuple)) else [value])
            by_position = i
        else:
            args.append(value)
    return Case(target.path, tuple(args), kwargs)


def _spoiled(draw: Draw, case: Case) -> Case:
    """The case, occasionally with one invalid argument."""
    if not draw.chance(0.12):
        return case
    if case.args and (not case.kwargs or draw.chance(0.7)):
        i = draw.int(0, len(case.args) - 1)
        if i == 0 and case.target.startswith("Tensor.") and not isinstance(case.args[0], TensorArg):
            return case
        wrong = _wrong(draw, case.args[i], keep=i == 0)
        return replace(case, args=(*case.args[:i], wrong, *case.args[i + 1 :]))
    if case.kwargs:
        name = draw.pick(sorted(case.kwargs))
        return replace(case, kwargs=case.kwargs | {name: _wrong(draw, case.kwargs[name])})
    return case


def _wrong(draw: Draw, value: Any, keep: bool = False) -> Any:
    if isinstance(value, TensorArg):
        if keep or draw.chance(0.7):
            return draw.tensor(draw.sizes(), draw.pick((value.dtype, draw.dtype, "bool", "int32")))
        return draw.pick((None, 2, 1.5, "text", [value]))
    if isinstance(value, bool):
        return draw.pick((not value, 1, None, "text"))
    if isinstance(value, int):
        return draw.pick((value + 7, -value - 3, 2**40, -(2**62), 1.5, None, "text", [value]))
    if isinstance(value, float):
        return draw.pick((-value, 1e308, None, "text", [value]))
    if isinstance(value, (list, tuple)):
        wrong = (value[:-1], [*value, *value], [-3], [], None, 3, [2**33, 2**33], [1.5], ["text"])
        return draw.pick(wrong)
    return draw.pick((None, "text", 3, 1.5))
