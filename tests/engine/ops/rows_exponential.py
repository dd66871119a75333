"""Exponentials and logarithms."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

ROWS = [
    Row("exp", np.exp, [Arg(3, 4)], in_place=True, empty=True),
    Row("log", np.log, [Arg(3, 4, low=0.1, high=4)], in_place=True, empty=True),
]
