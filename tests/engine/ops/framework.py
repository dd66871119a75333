"""The table of op tests: a Row per op, tested for value, gradient, layout, shape and forms."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import engine
from engine.testing import gradcheck, gradgradcheck

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTS = ("int64", "int32", "int16", "int8", "uint8")
DTYPES = {
    "float": FLOATS,
    "wide": ("float32", "float64"),
    "int": INTS,
    "number": FLOATS + INTS,
    "all": (*FLOATS, *INTS, "bool"),
    "bool": ("bool",),
}
# relative and absolute tolerance against float64
TOLERANCES = {
    "float64": (1e-9, 1e-11),
    "float32": (2e-5, 1e-6),
    "float16": (6e-3, 6e-3),
    "bfloat16": (4e-2, 4e-2),
}


@dataclass
class Arg:
    """A tensor argument: its shape and the range of its random elements.

    ``dtype`` fixes the dtype, as for indices; otherwise it is that of the test.
    """

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    dtype: str | None = None

    def __init__(
        self, *shape: int, low: float = -2.0, high: float = 2.0, dtype: str | None = None
    ) -> None:
        self.shape, self.low, self.high, self.dtype = shape, low, high, dtype

    def draw(self, dtype: str, seed: int, shape: tuple[int, ...] | None = None) -> np.ndarray:
        """Random values that the dtype represents exactly, as float64, int64 or bool."""
        dtype = self.dtype or dtype
        shape = self.shape if shape is None else shape
        source = np.random.default_rng(seed)
        if dtype == "bool":
            return source.integers(0, 2, shape).astype(bool)
        if dtype in INTS:
            low = max(int(np.ceil(self.low)), 0) if dtype == "uint8" else int(np.ceil(self.low))
            return source.integers(low, max(int(self.high), low) + 1, shape)
        values = source.uniform(self.low, self.high, shape)
        return engine.from_numpy(values).to(getattr(engine, dtype)).double().numpy()


@dataclass
class Row:
    """An op, its reference implementation, and its arguments."""

    op: str  # name in engine, or "nn.functional.name"
    reference: Callable[..., Any]  # on float64/int64/bool arrays, same arguments
    args: list[Any]  # Arg entries become tensors
    kwargs: dict[str, Any] = field(default_factory=dict)
    dtypes: str = "float"
    grad: bool = True
    gradgrad: bool = True
    method: bool = True  # also called as a method of the first argument
    in_place: bool = False  # the form with a trailing underscore is compared too
    layout: bool = True  # False: the op reads memory, not elements
    empty: bool = False  # also with the first size of every argument 0
    tol: tuple[float, float] | None = None  # instead of TOLERANCES, for float32 and float64 alike
    reference_kwargs: dict[str, Any] | None = None
    id: str = ""

    def name(self) -> str:
        shapes = ["x".join(map(str, a.shape)) for a in self.args if isinstance(a, Arg)]
        return self.id or "-".join([self.op, *shapes])

    def function(self) -> Callable[..., Any]:
        found: Any = engine
        for part in self.op.split("."):
            found = getattr(found, part)
        return found


def tensor_of(array: np.ndarray, arg: Arg, dtype: str) -> engine.Tensor:
    return engine.from_numpy(np.array(array)).to(getattr(engine, arg.dtype or dtype))


def build(
    row: Row, dtype: str, shapes: Callable[[tuple[int, ...]], tuple[int, ...]] = lambda s: s
) -> tuple[list, list]:
    """The arguments as arrays and as tensors."""
    arrays, tensors = [], []
    for i, arg in enumerate(row.args):
        if isinstance(arg, Arg):
            array = arg.draw(dtype, seed=i, shape=shapes(arg.shape))
            arrays.append(array)
            tensors.append(tensor_of(array, arg, dtype))
        elif isinstance(arg, list) and arg and isinstance(arg[0], Arg):
            drawn = [
                a.draw(dtype, seed=100 * i + k, shape=shapes(a.shape)) for k, a in enumerate(arg)
            ]
            arrays.append(drawn)
            tensors.append([tensor_of(x, a, dtype) for x, a in zip(drawn, arg, strict=True)])
        else:
            arrays.append(arg)
            tensors.append(arg)
    return arrays, tensors


def expected(row: Row, arrays: list) -> list[np.ndarray]:
    kwargs = row.kwargs if row.reference_kwargs is None else row.reference_kwargs
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means of empty slices are intended
        answer = row.reference(*arrays, **kwargs)
    return [np.asarray(a) for a in (answer if isinstance(answer, (tuple, list)) else (answer,))]


def results(answer: Any) -> list[engine.Tensor]:
    return list(answer) if isinstance(answer, (tuple, list)) else [answer]


def compare(row: Row, answer: Any, wanted: list[np.ndarray], dtype: str) -> None:
    got = results(answer)
    assert len(got) == len(wanted), f"expected {len(wanted)} results, got {len(got)}"
    for result, value in zip(got, wanted, strict=True):
        assert tuple(result.shape) == value.shape
        rtol, atol = TOLERANCES.get(str(result.dtype).removeprefix("engine."), (0, 0))
        if row.tol and dtype in ("float32", "float64"):
            rtol, atol = row.tol
        numbers = (
            result.detach().double().numpy()
            if result.dtype.is_floating_point
            else result.detach().numpy()
        )
        np.testing.assert_allclose(
            numbers, value.astype(numbers.dtype), rtol=rtol, atol=atol, equal_nan=True
        )


def non_contiguous(t: Any) -> Any:
    """The same elements at every second position of a larger block, with reversed dimensions."""
    if isinstance(t, list) and t and isinstance(t[0], engine.Tensor):
        return [non_contiguous(x) for x in t]
    if not isinstance(t, engine.Tensor) or t.ndim == 0:
        return t
    array = np.zeros(tuple(2 * s for s in reversed(t.shape)), dtype=np.float64)
    wide = engine.from_numpy(array).to(t.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in t.shape)].permute(*reversed(range(t.ndim)))
    view.copy_(t)
    assert t.numel() < 2 or not view.is_contiguous()
    return view


def _mark_grad(t: Any) -> Any:
    if isinstance(t, list):
        return [_mark_grad(x) for x in t]
    if isinstance(t, engine.Tensor) and t.dtype == engine.float64:
        return t.requires_grad_()
    return t


def _differentiable(row: Row, tensors: list) -> tuple[Callable[..., Any], list[engine.Tensor]]:
    """The op as a function of its floating tensors."""
    flat = [x for t in tensors for x in (t if isinstance(t, list) else [t])]
    inputs = [
        _mark_grad(t) for t in flat if isinstance(t, engine.Tensor) and t.dtype == engine.float64
    ]

    def call(*given: engine.Tensor) -> Any:
        rest = iter(given)

        def put(t: Any) -> Any:
            return next(rest) if isinstance(t, engine.Tensor) and t.dtype == engine.float64 else t

        args = [[put(x) for x in t] if isinstance(t, list) else put(t) for t in tensors]
        return row.function()(*args, **row.kwargs)

    return call, inputs


def cases(rows: list[Row]) -> Any:
    return [
        pytest.param(row, dtype, id=f"{row.name()}-{dtype}")
        for row in rows
        for dtype in DTYPES[row.dtypes]
    ]


def named(rows: list[Row]) -> Any:
    return [pytest.param(row, id=row.name()) for row in rows]


def check_value(row: Row, dtype: str) -> None:
    arrays, tensors = build(row, dtype)
    wanted = expected(row, arrays)
    compare(row, row.function()(*tensors, **row.kwargs), wanted, dtype)
    if row.method and isinstance(tensors[0], engine.Tensor):
        compare(row, getattr(tensors[0], row.op)(*tensors[1:], **row.kwargs), wanted, dtype)
    if row.in_place and wanted[0].shape == tuple(tensors[0].shape):
        target = tensors[0].clone()
        answer = getattr(target, row.op + "_")(*tensors[1:], **row.kwargs)
        assert answer is target
        compare(row, target, wanted, dtype)


def check_layout(row: Row) -> None:
    dtype = "float64" if "float64" in DTYPES[row.dtypes] else DTYPES[row.dtypes][0]
    arrays, tensors = build(row, dtype)
    compare(
        row,
        row.function()(*map(non_contiguous, tensors), **row.kwargs),
        expected(row, arrays),
        dtype,
    )


def check_empty(row: Row) -> None:
    dtype = DTYPES[row.dtypes][0]
    arrays, tensors = build(row, dtype, lambda s: (0, *s[1:]) if s else s)
    compare(row, row.function()(*tensors, **row.kwargs), expected(row, arrays), dtype)


def check_grad(row: Row) -> None:
    call, inputs = _differentiable(row, build(row, "float64")[1])
    assert gradcheck(call, inputs)
    if row.gradgrad:
        assert gradgradcheck(call, inputs, atol=1e-4)
    if not row.layout:
        return
    call, inputs = _differentiable(row, [non_contiguous(t) for t in build(row, "float64")[1]])
    assert gradcheck(call, [x.detach().requires_grad_() for x in inputs])
