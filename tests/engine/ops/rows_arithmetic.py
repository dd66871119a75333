"""Addition, multiplication and related ops."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

A, B, COLUMN = Arg(3, 4), Arg(3, 4), Arg(3, 1)

ROWS = [
    Row("add", np.add, [A, B], dtypes="number", in_place=True, empty=True),
    Row("add", np.add, [A, COLUMN], in_place=True),
    Row("add", np.add, [A, Arg()], in_place=True, id="add-0d"),
    Row(
        "add",
        lambda x, y, alpha: x + alpha * y,
        [A, COLUMN],
        {"alpha": 2},
        dtypes="number",
        in_place=True,
        id="add-alpha",
    ),
    Row("sub", np.subtract, [A, B], dtypes="number", in_place=True, empty=True),
    Row("sub", np.subtract, [2.0, A], method=False, id="sub-number-first"),
    Row(
        "sub",
        lambda x, y, alpha: x - alpha * y,
        [A, COLUMN],
        {"alpha": 0.5},
        in_place=True,
        id="sub-alpha",
    ),
    Row("rsub", lambda x, y: y - x, [A, B]),
    Row("rsub", lambda x, y, alpha: y - alpha * x, [A, B], {"alpha": 0.5}, id="rsub-alpha"),
    Row("mul", np.multiply, [A, B], dtypes="all", in_place=True, empty=True),
    Row("mul", np.multiply, [A, COLUMN], in_place=True),
    Row("neg", np.negative, [A], dtypes="number", in_place=True, empty=True),
    Row("abs", np.abs, [A], dtypes="number", in_place=True, empty=True),
    Row("sign", np.sign, [A], dtypes="number", gradgrad=False, in_place=True, empty=True),
    Row("sgn", np.sign, [A], dtypes="number", gradgrad=False, in_place=True, empty=True),
    Row(
        "heaviside",
        np.heaviside,
        [A, Arg(3, 4, low=0.5, high=3)],
        dtypes="number",
        grad=False,
        in_place=True,
        empty=True,
    ),
    Row("square", np.square, [A], dtypes="number", in_place=True, empty=True),
    Row(
        "addcmul",
        lambda x, y, z, value: x + value * y * z,
        [A, B, Arg(4)],
        {"value": 2},
        dtypes="number",
        in_place=True,
    ),
    Row(
        "addcdiv",
        lambda x, y, z, value: x + value * y / z,
        [A, B, Arg(4, low=0.5)],
        {"value": 0.5},
        in_place=True,
    ),
    Row("lerp", lambda x, y, w: x + w * (y - x), [A, B, Arg(3, 1, low=0, high=1)], in_place=True),
    Row("lerp", lambda x, y, w: x + w * (y - x), [A, B, 0.75], in_place=True, id="lerp-number"),
    Row("subtract", np.subtract, [A, B], in_place=True),
    Row("multiply", np.multiply, [A, B], in_place=True),
    Row("negative", np.negative, [A], in_place=True),
    Row("absolute", np.abs, [A], in_place=True),
    Row("positive", np.positive, [A], dtypes="number", empty=True),
]
