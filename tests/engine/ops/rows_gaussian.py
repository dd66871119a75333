"""The normal distribution: cumulative function, quantile and tails."""

from __future__ import annotations

from scipy import special

from .framework import Arg, Row

ROWS = [
    Row("special.erfcx", special.erfcx, [Arg(3, 4, low=-2, high=30)], method=False, empty=True),
    Row(
        "special.log_ndtr", special.log_ndtr, [Arg(3, 4, low=-30, high=5)], method=False, empty=True
    ),
    Row("special.ndtri", special.ndtri, [Arg(3, 4, low=0.01, high=0.99)], method=False, empty=True),
]
