"""Division and remainders."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row

A, DIVISOR = Arg(3, 4, low=-9, high=9), Arg(3, 1, low=1.25, high=4)


def rounded(x: Any, y: Any, rounding_mode: str | None) -> Any:
    quotient = np.true_divide(x, y)
    return {"trunc": np.trunc, "floor": np.floor, None: np.positive}[rounding_mode](quotient)


ROWS = [
    Row("div", np.divide, [A, DIVISOR], in_place=True, empty=True),
    Row("div", np.divide, [2.0, DIVISOR], method=False, id="div-number-first"),
    Row(
        "div",
        rounded,
        [A, DIVISOR],
        {"rounding_mode": "trunc"},
        dtypes="wide",
        gradgrad=False,
        id="div-trunc",
    ),
    Row(
        "div",
        rounded,
        [A, DIVISOR],
        {"rounding_mode": "floor"},
        dtypes="int",
        grad=False,
        in_place=True,
        id="div-floor",
    ),
    Row("div", rounded, [A, DIVISOR], {"rounding_mode": None}, in_place=True, id="div-exact"),
    Row("divide", np.divide, [A, DIVISOR], in_place=True),
    Row("true_divide", np.divide, [A, DIVISOR], in_place=True),
    Row(
        "floor_divide",
        np.floor_divide,
        [A, DIVISOR],
        dtypes="wide",
        gradgrad=False,
        in_place=True,
        empty=True,
    ),
    Row(
        "floor_divide",
        np.floor_divide,
        [A, DIVISOR],
        dtypes="int",
        grad=False,
        in_place=True,
        id="floor_divide-int",
    ),
    Row("remainder", np.remainder, [A, DIVISOR], dtypes="wide", in_place=True, empty=True),
    Row(
        "remainder",
        np.remainder,
        [A, DIVISOR],
        dtypes="int",
        grad=False,
        in_place=True,
        id="remainder-int",
    ),
    Row(
        "remainder",
        np.remainder,
        [7.0, DIVISOR],
        dtypes="wide",
        method=False,
        id="remainder-number-first",
    ),
    Row("fmod", np.fmod, [A, DIVISOR], dtypes="wide", in_place=True, empty=True),
    Row("fmod", np.fmod, [A, DIVISOR], dtypes="int", grad=False, in_place=True, id="fmod-int"),
    Row("reciprocal", np.reciprocal, [DIVISOR], in_place=True, empty=True),
]
