"""Range and choice checks of arguments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from engine._C import Tensor


class Range:
    """The interval that a number must be in.

    ``open`` names the ends that are excluded: "low", "high" or "low high"; ``optional`` accepts
    None.
    """

    __slots__ = ("high", "low", "open", "optional")

    def __init__(
        self,
        low: float = -math.inf,
        high: float = math.inf,
        open: str = "",
        optional: bool = False,
    ) -> None:
        self.low, self.high = low, high
        self.open, self.optional = open, optional

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raises TypeError for a non-number and ValueError out of range, naming the argument."""
        if value is None and self.optional:
            return
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError(f"{owner}: {name} must have 1 element, got shape {tuple(value.shape)}")
        if not isinstance(value, (Real, Tensor)):
            raise TypeError(f"{owner}: {name} must be a number, got {value!r}")
        number = float(value)
        above = self.low < number if "low" in self.open else self.low <= number
        below = number < self.high if "high" in self.open else number <= self.high
        if not (above and below):
            raise ValueError(f"{owner}: {name} must {self}, got {value}")

    def __str__(self) -> str:
        if math.isinf(self.high):
            if math.isinf(self.low):
                return "not be nan"
            if self.low == 0:
                return "be positive" if "low" in self.open else "not be negative"
            return f"be {'more than' if 'low' in self.open else 'at least'} {self.low:g}"
        if math.isinf(self.low):
            return f"be {'less than' if 'high' in self.open else 'at most'} {self.high:g}"
        begin, end = "(" if "low" in self.open else "[", ")" if "high" in self.open else "]"
        return f"be in {begin}{self.low:g}, {self.high:g}{end}"


ANY = Range()
NON_NEGATIVE = Range(0.0)
POSITIVE = Range(0.0, open="low")
BELOW_ONE = Range(0.0, 1.0, open="high")

Ranges = Mapping[str, Range | Sequence[Range]]


def check_ranges(owner: str, ranges: Ranges, options: Mapping[str, Any]) -> None:
    """Check the options that have a range; a sequence of ranges belongs to a tuple of numbers."""
    for name, wanted in ranges.items():
        if name not in options:
            continue
        value = options[name]
        if isinstance(wanted, Range):
            wanted.check(owner, name, value)
            continue
        if not isinstance(value, (tuple, list)) or len(value) != len(wanted):
            raise TypeError(f"{owner}: {name} must be {len(wanted)} numbers, got {value!r}")
        for i, (each, item) in enumerate(zip(wanted, value, strict=True)):
            each.check(owner, f"{name}[{i}]", item)


def check_int(owner: str, name: str, value: Any, low: int) -> None:
    """Raises TypeError for a non-int, ValueError for one below `low`, naming the argument."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{owner}: {name} must be an int, got {value!r}")
    if value < low:
        limit = {0: "not be negative", 1: "be positive"}.get(low, f"be at least {low}")
        raise ValueError(f"{owner}: {name} must {limit}, got {value}")


def check_choice(owner: str, name: str, value: Any, choices: Sequence[Any]) -> None:
    """Raises Raises ValueError for a value that is none of the choices, naming the argument."""
    if value not in choices:
        *most, last = map(repr, choices)
        raise ValueError(f"{owner}: {name} must be {', '.join(most)} or {last}, got {value!r}")
