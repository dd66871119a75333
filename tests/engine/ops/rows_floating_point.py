"""Lengths, signs, neighbours and exponents of floating-point numbers."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

A, B = Arg(3, 4), Arg(3, 4, low=0.5, high=3)
EXPONENT = Arg(3, 4, low=-2, high=3, dtype="int64")

ROWS = [
    Row("hypot", np.hypot, [A, B], in_place=True, empty=True),
    Row("hypot", np.hypot, [A, Arg(4)], id="hypot-broadcast"),
    Row("copysign", np.copysign, [A, B], in_place=True, empty=True),
    Row("copysign", np.copysign, [A, -1.0], id="copysign-number"),
    Row("nextafter", np.nextafter, [A, B], dtypes="wide", grad=False, in_place=True, empty=True),
    Row("ldexp", lambda x, y: x * 2.0**y, [A, EXPONENT], in_place=True),
]
