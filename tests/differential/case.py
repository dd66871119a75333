"""Cases: calls as data, built for either framework, shrunk, and printed as code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTS = ("int64", "int32", "int16", "int8", "uint8")
DTYPES = (*FLOATS, *INTS, "bool")


@dataclass(frozen=True)
class DType:
    """A dtype as an argument."""

    name: str

    def __repr__(self) -> str:
        return f"engine.{self.name}"


@dataclass(frozen=True, eq=False)
class TensorArg:
    """The elements of a tensor, as float64, int64 or bool, and their layout in memory."""

    values: np.ndarray
    dtype: str
    layout: str = "contiguous"
    grad: bool = False

    def build(self, lib: Any) -> Any:
        dtype = getattr(lib, self.dtype)

        def plain(array: np.ndarray) -> Any:
            return lib.from_numpy(np.array(array, order="C")).to(dtype)

        tensor = LAYOUTS[self.layout](plain, self.values)
        return tensor.requires_grad_() if self.grad else tensor

    def code(self) -> str:
        text = f"engine.tensor({_numbers(self.values)}, dtype=engine.{self.dtype})"
        if 0 in self.values.shape:
            text = f"engine.zeros({self.values.shape}, dtype=engine.{self.dtype})"
        if self.layout != "contiguous":
            text = f"{self.layout}({text})"
        return text + (".requires_grad_()" if self.grad else "")


def _numbers(values: np.ndarray) -> str:
    text = repr(values.tolist())
    return text.replace("nan", "math.nan").replace("inf", "math.inf")


def _sliced(plain: Any, a: np.ndarray) -> Any:
    wide = np.zeros([2 * n for n in a.shape], a.dtype)
    every_second = tuple(slice(None, None, 2) for _ in a.shape)
    wide[every_second] = a
    return plain(wide)[every_second] if a.ndim else plain(a)


def _offset(plain: Any, a: np.ndarray) -> Any:
    if not a.ndim:
        return plain(np.stack([a, a]))[1]
    return plain(np.concatenate([np.zeros((3, *a.shape[1:]), a.dtype), a]))[3:]


def _channels_last(plain: Any, a: np.ndarray) -> Any:
    return plain(np.moveaxis(a, 1, -1)).movedim(-1, 1) if a.ndim > 2 else plain(a)


def _expanded(plain: Any, a: np.ndarray) -> Any:
    """An expanded tensor, for elements equal along the first dimension."""
    return plain(a[:1]).expand(a.shape) if a.ndim and len(a) else plain(a)


LAYOUTS = {
    "contiguous": lambda plain, a: plain(a),
    "transposed": lambda plain, a: plain(a.T).permute(tuple(reversed(range(a.ndim)))),
    "sliced": _sliced,
    "offset": _offset,
    "channels_last": _channels_last,
    "expanded": _expanded,
}


@dataclass(frozen=True)
class Case:
    """A stateless call of ``target`` (``engine.<target>``)."""

    target: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.target.rpartition(".")[2]

    def arguments(self) -> list[Any]:
        return [*self.args, *self.kwargs.values()]

    def tensors(self) -> list[TensorArg]:
        return [t for value in self.arguments() for t in tensors_in(value)]

    def mapped(self, change: Any) -> Case:
        """The case with ``change`` applied to every tensor and dtype among its arguments."""
        return replace(
            self,
            args=tuple(map_leaves(a, change) for a in self.args),
            kwargs={k: map_leaves(a, change) for k, a in self.kwargs.items()},
        )

    def call(self) -> str:
        shown = [_code(a) for a in self.args]
        shown += [f"{k}={_code(a)}" for k, a in self.kwargs.items()]
        return f"engine.{self.target}({', '.join(shown)})"


def tensors_in(value: Any) -> list[TensorArg]:
    if isinstance(value, (list, tuple)):
        return [t for item in value for t in tensors_in(item)]
    return [value] if isinstance(value, TensorArg) else []


def map_leaves(value: Any, change: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map_leaves(item, change) for item in value)
    return change(value) if isinstance(value, (TensorArg, DType)) else value


def _code(value: Any) -> str:
    if isinstance(value, TensorArg):
        return value.code()
    if isinstance(value, list):
        return f"[{', '.join(map(_code, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_code, value))}{',' if len(value) == 1 else ''})"
    text = repr(value)
    return f"math.{text}" if text in ("nan", "inf") else "-math.inf" if text == "-inf" else text
