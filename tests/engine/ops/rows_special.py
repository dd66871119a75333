"""Error functions, the gamma function and what goes with probabilities."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import special

from .framework import Arg, Row

A, POSITIVE, PROBABILITY = Arg(3, 4), Arg(3, 4, low=0.3, high=8), Arg(3, 4, low=0.05, high=0.95)

ROWS = [
    Row("erf", special.erf, [A], in_place=True, empty=True),
    Row("erfc", special.erfc, [A], in_place=True, empty=True),
    Row("erfinv", special.erfinv, [Arg(3, 4, low=-0.95, high=0.95)], in_place=True, empty=True),
    Row("lgamma", special.gammaln, [POSITIVE], in_place=True, empty=True),
    Row("digamma", special.digamma, [POSITIVE], gradgrad=False, in_place=True, empty=True),
    Row(
        "digamma",
        special.digamma,
        [Arg(3, 4, low=-1.9, high=-1.1)],
        gradgrad=False,
        id="digamma-negative",
    ),
    Row(
        "trigamma", partial(special.polygamma, 1), [POSITIVE], grad=False, in_place=True, empty=True
    ),
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
