"""Sampling of shapes, elements, layouts and numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from .case import DTYPES, FLOATS, INTS, DType, TensorArg

T = TypeVar("T")

MAIN_DTYPES = ("float32",) * 8 + ("float64",) * 4 + ("int64",) * 3 + DTYPES
HUGE = {"float64": 1e300, "float32": 3e38, "float16": 6e4, "bfloat16": 3e38}
TINY = {"float64": 1e-310, "float32": 1e-40, "float16": 1e-7, "bfloat16": 1e-39}


class Draw:
    """The random source of one case; ``dtype`` is that of most of its tensors."""

    def __init__(self, seed: int, index: int) -> None:
        self.random = random.Random(seed << 32 | index)
        self.numbers = np.random.Generator(np.random.PCG64((seed, index)))
        self.dtype = self.pick(MAIN_DTYPES)
        self.wants_grad = self.chance(0.5)
        self.odd_values = self.chance(0.15)
        self.shape: tuple[int, ...] = ()  # of the first tensor

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        return items[self.random.randrange(len(items))]

    def int(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def size(self) -> int:
        if self.chance(0.06):
            return 0
        return self.pick((1, 1, 2, 2, 3, 3, 4, 5)) if self.chance(0.97) else self.pick((17, 40))

    def sizes(self, low: int = 0, high: int = 4) -> tuple[int, ...]:
        return tuple(self.size() for _ in range(self.int(low, high)))

    def broadcastable(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that broadcasts with ``shape``, usually to it."""
        if self.chance(0.5):
            return shape
        shape = tuple(1 if self.chance(0.3) else n for n in shape)
        if self.chance(0.3):
            shape = shape[self.int(0, len(shape)) :]
        return (self.size(), *shape) if self.chance(0.1) and len(shape) < 4 else shape

    def other_dtype(self) -> str:
        return self.pick(DTYPES) if self.chance(0.12) else self.dtype

    def tensor(
        self,
        shape: tuple[int, ...],
        dtype: str | None = None,
        low: float | None = None,
        high: float | None = None,
        grad: bool = True,
    ) -> TensorArg:
        dtype = dtype or self.other_dtype()
        values = self._elements(shape, dtype, low, high)
        layout = "contiguous"
        if self.chance(0.35):
            layout = self.pick(("transposed", "sliced", "offset", "channels_last", "expanded"))
        if layout == "expanded" and values.ndim and len(values):
            values = np.broadcast_to(values[:1], values.shape)
        grad = grad and self.wants_grad and dtype in FLOATS
        return TensorArg(values, dtype, layout, grad)

    def ints(self, shape: tuple[int, ...], low: int, high: int, dtype: str = "int64") -> TensorArg:
        """Indices in [low, high), occasionally one out of range."""
        if high <= low or self.chance(0.04):
            low, high = low - 2, max(high, low) + 2
        if self.chance(0.1):
            dtype = self.pick(("int32", "int16", "uint8", "float32", "bool"))
        return self.tensor(shape, dtype, low, high - 1, grad=False)

    def _elements(
        self, shape: tuple[int, ...], dtype: str, low: float | None, high: float | None
    ) -> np.ndarray:
        if dtype == "bool":
            return self.numbers.integers(0, 2, shape).astype(bool)
        if dtype in INTS:
            return self._whole_numbers(shape, dtype, low, high)
        span = self.pick((1.0, 2.0, 10.0)) if high is None else high
        values = self.numbers.uniform(-span if low is None else low, span, shape)
        if self.chance(0.2):
            values = np.round(values)
        if self.odd_values and low is None and self.chance(0.6):
            self._make_odd(values, dtype)
        return rounded(values, dtype)

    def _whole_numbers(
        self, shape: tuple[int, ...], dtype: str, low: float | None, high: float | None
    ) -> np.ndarray:
        limits = np.iinfo(dtype)
        a = -4 if low is None else math.ceil(low)
        b = 4 if high is None else math.floor(high)
        a, b = max(a, int(limits.min)), min(b, int(limits.max))
        values = self.numbers.integers(a, max(a, b) + 1, shape)
        if self.odd_values and low is None and values.size:
            values.flat[self.int(0, values.size - 1)] = self.pick((limits.min, limits.max))
        return values

    def _make_odd(self, values: np.ndarray, dtype: str) -> None:
        odd = [math.nan, math.inf, -math.inf, 0.0, -0.0, HUGE[dtype], -HUGE[dtype], TINY[dtype]]
        for _ in range(self.int(1, 3) if values.size else 0):
            values.flat[self.int(0, values.size - 1)] = self.pick(odd)

    def dim(self, ndim: int) -> int:
        """A dimension of ``ndim``, counted from either end, occasionally one out of range."""
        n = max(ndim, 1)
        return self.int(-n, n - 1) if self.chance(0.95) else self.pick((n, -n - 1, n + 5))

    def dims(self, ndim: int) -> Any:
        if self.chance(0.3):
            return self.dim(ndim)
        found = self.random.sample(range(ndim), self.int(0, ndim))
        found = [d - ndim if self.chance(0.3) else d for d in found]
        if found and self.chance(0.05):
            found.append(self.pick((found[0], ndim)))
        return tuple(found) if self.chance(0.5) else found

    def number(self) -> Any:
        if self.chance(0.5):
            return self.pick((0, 1, 2, -1, 3, -2, True, 5, 100))
        odd = (math.inf, math.nan, -math.inf, 1e20, 0.0, -0.0)
        return self.pick(odd) if self.odd_values else self.pick((0.5, 2.0, -1.5, 1.0, 0.1, 3.0))

    def float(self) -> Any:
        return (
            self.pick((0.5, 1.0, 2.0, 0.1, 0.0, -1.0, 1, 2, 0))
            if self.chance(0.9)
            else (self.number())
        )

    def operand(self, shape: tuple[int, ...]) -> Any:
        if self.chance(0.25):
            return self.number()
        return self.tensor(self.broadcastable(shape))

    def dtype_or_none(self) -> DType | None:
        return DType(self.pick(DTYPES)) if self.chance(0.4) else None


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """The values rounded to the dtype, as float64."""
    with np.errstate(all="ignore"):
        if dtype == "bfloat16":
            bits = np.asarray(values, np.float32).view(np.uint32)
            return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)
        return np.asarray(values).astype(dtype).astype(np.float64)
