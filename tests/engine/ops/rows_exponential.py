"""Exponentials and logarithms."""

from __future__ import annotations

import numpy as np
from scipy import special

from .framework import Arg, Row

A, POSITIVE = Arg(3, 4), Arg(3, 4, low=0.1, high=4)

ROWS = [
    Row("exp", np.exp, [A], in_place=True, empty=True),
    Row("exp2", np.exp2, [A], in_place=True, empty=True),
    Row("expm1", np.expm1, [A], in_place=True, empty=True),
    Row("log", np.log, [POSITIVE], in_place=True, empty=True),
    Row("log2", np.log2, [POSITIVE], in_place=True, empty=True),
    Row("log10", np.log10, [POSITIVE], in_place=True, empty=True),
    Row("log1p", np.log1p, [Arg(3, 4, low=-0.75, high=4)], in_place=True, empty=True),
    Row("logaddexp", np.logaddexp, [A, Arg(3, 1)], in_place=True, empty=True),
    Row("logaddexp2", np.logaddexp2, [A, POSITIVE], in_place=True, empty=True),
    Row("xlogy", special.xlogy, [A, POSITIVE], in_place=True, empty=True),
    Row("xlogy", special.xlogy, [2.0, POSITIVE], method=False, id="xlogy-number-first"),
]
