"""Functions of two numbers that are neither arithmetic nor comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row

A, B = Arg(3, 4), Arg(3, 4, low=0.5, high=3)
# integers whose multiples fit in 8 bits
SMALL = Arg(3, 4, low=-10, high=10)
ELEMENTWISE: dict[str, Any] = {"in_place": True, "empty": True}

ROWS = [
    Row("hypot", np.hypot, [A, B], **ELEMENTWISE),
    Row("hypot", np.hypot, [A, Arg(4)], id="hypot-broadcast"),
    Row("copysign", np.copysign, [A, B], **ELEMENTWISE),
    Row("copysign", np.copysign, [A, -1.0], id="copysign-number"),
    Row("nextafter", np.nextafter, [A, B], dtypes="wide", grad=False, **ELEMENTWISE),
    Row("heaviside", np.heaviside, [A, B], dtypes="number", grad=False, **ELEMENTWISE),
    Row("gcd", np.gcd, [SMALL, SMALL], dtypes="int", grad=False, **ELEMENTWISE),
    Row("lcm", np.lcm, [SMALL, SMALL], dtypes="int", grad=False, **ELEMENTWISE),
    Row("logaddexp2", np.logaddexp2, [A, B], **ELEMENTWISE),
    Row(
        "ldexp",
        lambda x, y: x * 2.0**y,
        [A, Arg(3, 4, low=-2, high=3, dtype="int64")],
        in_place=True,
    ),
    Row("float_power", np.float_power, [B, A], dtypes="wide"),
    Row("isposinf", np.isposinf, [A], grad=False, empty=True),
    Row("isneginf", np.isneginf, [A], grad=False, empty=True),
    Row("isreal", np.isreal, [A], dtypes="all", grad=False, empty=True),
    Row("sgn", np.sign, [A], dtypes="number", gradgrad=False, **ELEMENTWISE),
    Row("positive", np.positive, [A], dtypes="number", empty=True),
]
