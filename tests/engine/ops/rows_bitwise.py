"""Bitwise ops."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

A, B, PLACES = Arg(3, 4, low=-100, high=100), Arg(3, 1, low=-9, high=9), Arg(3, 1, low=0, high=6)

ROWS = [
    row
    for dtypes in ("int", "bool")
    for row in (
        Row(
            "bitwise_and",
            np.bitwise_and,
            [A, B],
            dtypes=dtypes,
            grad=False,
            in_place=True,
            empty=True,
        ),
        Row(
            "bitwise_or",
            np.bitwise_or,
            [A, B],
            dtypes=dtypes,
            grad=False,
            in_place=True,
            empty=True,
        ),
        Row(
            "bitwise_xor",
            np.bitwise_xor,
            [A, B],
            dtypes=dtypes,
            grad=False,
            in_place=True,
            empty=True,
        ),
        Row(
            "bitwise_not", np.bitwise_not, [A], dtypes=dtypes, grad=False, in_place=True, empty=True
        ),
    )
] + [
    Row(
        "bitwise_left_shift",
        np.left_shift,
        [A, PLACES],
        dtypes="int",
        grad=False,
        in_place=True,
        empty=True,
    ),
    Row(
        "bitwise_right_shift",
        np.right_shift,
        [A, PLACES],
        dtypes="int",
        grad=False,
        in_place=True,
        empty=True,
    ),
]
