"""Divisors and multiples of integers."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

# Integers whose multiples fit in 8 bits.
SMALL = Arg(3, 4, low=-10, high=10)

ROWS = [
    Row("gcd", np.gcd, [SMALL, SMALL], dtypes="int", grad=False, in_place=True, empty=True),
    Row("lcm", np.lcm, [SMALL, SMALL], dtypes="int", grad=False, in_place=True, empty=True),
]
