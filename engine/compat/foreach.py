"""``torch._foreach_add_`` and the like: one op on each tensor of a list, for optimizers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import _C
from engine._C import Tensor

_PREFIX = "_foreach_"


def _maximum(x: Tensor, other: Any) -> Tensor:
    return x.clamp_min(other) if not isinstance(other, Tensor) else _C.maximum(x, other)


def _minimum(x: Tensor, other: Any) -> Tensor:
    return x.clamp_max(other) if not isinstance(other, Tensor) else _C.minimum(x, other)


def _norm(x: Tensor, ord: float = 2, dtype: Any = None) -> Tensor:
    return x.norm(ord, dtype=dtype)


def _addcmul(x: Tensor, a: Tensor, b: Tensor, value: Any = 1) -> Tensor:
    return _C.addcmul(x, a, b, value=value)


def _addcdiv(x: Tensor, a: Tensor, b: Tensor, value: Any = 1) -> Tensor:
    return _C.addcdiv(x, a, b, value=value)


def _pow(x: Any, exponent: Any) -> Tensor:
    return _C.pow(x, exponent)


_SPECIAL: dict[str, Callable[..., Tensor]] = {
    "addcdiv": _addcdiv,
    "addcmul": _addcmul,
    "clamp_max": _minimum,
    "clamp_min": _maximum,
    "maximum": _maximum,
    "minimum": _minimum,
    "norm": _norm,
    "pow": _pow,
}
_PLAIN = [
    "abs",
    "acos",
    "add",
    "asin",
    "atan",
    "ceil",
    "copy",
    "cos",
    "cosh",
    "div",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "floor",
    "frac",
    "lerp",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "max",
    "mul",
    "neg",
    "reciprocal",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "sub",
    "tan",
    "tanh",
    "trunc",
    "zero",
]


def _columns(name: str, length: int, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The arguments of each call: items of lists, and whatever is no list."""
    columns = []
    for value in values:
        if isinstance(value, Tensor) and value.dim() == 1 and len(value) == length > 1:
            value = value.tolist()  # scalars, as addcdiv takes them
        if isinstance(value, (list, tuple)) and len(value) != length:
            raise RuntimeError(f"{name}: expected lists of {length} items, got {len(value)}")
        columns.append(value if isinstance(value, (list, tuple)) else [value] * length)
    return list(zip(*columns, strict=True)) if columns else [()] * length


def function(name: str) -> Callable[..., Any] | None:
    """The function of that name, None if there is none."""
    base = name.removeprefix(_PREFIX).removesuffix("_")
    if not name.startswith(_PREFIX) or base not in (*_PLAIN, *_SPECIAL):
        return None
    in_place = name.endswith("_")
    op = _SPECIAL.get(base)

    def foreach(tensors: Any, *values: Any, **options: Any) -> Any:
        lists = tensors if isinstance(tensors, (list, tuple)) else [tensors] * len(values[0])
        results = []
        for x, args in zip(lists, _columns(name, len(lists), values), strict=True):
            if op is None and in_place:
                getattr(x, base + "_")(*args, **options)
            elif op is None:
                results.append(getattr(x, base)(*args, **options))
            elif in_place:
                x.copy_(op(x, *args, **options))
            else:
                results.append(op(x, *args, **options))
        return tensors if in_place else tuple(results)

    foreach.__name__ = foreach.__qualname__ = name
    return foreach
