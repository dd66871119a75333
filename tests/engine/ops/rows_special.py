"""Error functions, logit and sinc."""

from __future__ import annotations

import numpy as np
from scipy import special

from .framework import Arg, Row

A, PROBABILITY = Arg(3, 4), Arg(3, 4, low=0.05, high=0.95)

ROWS = [
    Row("erf", special.erf, [A], in_place=True, empty=True),
    Row("erfc", special.erfc, [A], in_place=True, empty=True),
    Row("erfinv", special.erfinv, [Arg(3, 4, low=-0.95, high=0.95)], in_place=True, empty=True),
    Row("logit", special.logit, [PROBABILITY], in_place=True, empty=True),
    Row(
        "logit",
        lambda x, eps: special.logit(np.clip(x, eps, 1 - eps)),
        [PROBABILITY, 0.2],
        in_place=True,
        id="logit-eps",
    ),
    Row("sinc", np.sinc, [A], in_place=True, empty=True),
]
