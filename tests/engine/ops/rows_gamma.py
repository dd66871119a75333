"""The gamma function and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special, stats

from .framework import Arg, Row

POSITIVE, ABOVE_ONE = Arg(3, 4, low=0.3, high=8), Arg(3, 4, low=1.5, high=8)


def trigamma(x: Any) -> Any:
    return special.polygamma(1, x)


def shape_slope(a: Any, x: Any) -> Any:
    """dx/da of the gamma variate x at a fixed quantile, by central differences of the quantile."""
    p, step = stats.gamma.cdf(x, a), 1e-5 * a
    return (stats.gamma.ppf(p, a + step) - stats.gamma.ppf(p, a - step)) / (2 * step)


ROWS = [
    Row("lgamma", special.gammaln, [POSITIVE], in_place=True, empty=True),
    Row("digamma", special.digamma, [POSITIVE], gradgrad=False, in_place=True, empty=True),
    Row(
        "digamma",
        special.digamma,
        [Arg(3, 4, low=-1.9, high=-1.1)],
        gradgrad=False,
        id="digamma-negative",
    ),
    Row("trigamma", trigamma, [POSITIVE], in_place=True, empty=True),
    Row("polygamma", lambda x, n: special.polygamma(n, x), [POSITIVE, 0], gradgrad=False),
    Row(
        "polygamma", lambda x, n: special.polygamma(n, x), [POSITIVE, 3], in_place=True, empty=True
    ),
    Row("polygamma", special.polygamma, [2, POSITIVE], method=False, id="polygamma-order-first"),
    Row("mvlgamma", np.vectorize(special.multigammaln), [ABOVE_ONE, 3], in_place=True),
    Row("igamma", special.gammainc, [POSITIVE, POSITIVE], grad=False, in_place=True, empty=True),
    Row("igammac", special.gammaincc, [POSITIVE, POSITIVE], grad=False, in_place=True, empty=True),
    Row("special.zeta", special.zeta, [ABOVE_ONE, POSITIVE], grad=False, method=False),
    Row(
        "_C._standard_gamma_grad",
        shape_slope,
        [POSITIVE, POSITIVE],
        grad=False,
        method=False,
        tol=(2e-4, 1e-6),
    ),
    Row(
        "_C._log_standard_gamma_grad",
        lambda a, log_x: shape_slope(a, np.exp(log_x)) / np.exp(log_x),
        [POSITIVE, Arg(3, 4, low=-2, high=2)],
        grad=False,
        method=False,
        tol=(2e-4, 1e-6),
    ),
]
