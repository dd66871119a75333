"""Trigonometric and hyperbolic functions."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

ANGLE, INSIDE, OUTSIDE = (
    Arg(3, 4, low=-1.4, high=1.4),
    Arg(3, 4, low=-0.9, high=0.9),
    Arg(3, 4, low=1.1, high=4),
)
REFERENCES = {
    "sin": (np.sin, ANGLE),
    "cos": (np.cos, ANGLE),
    "tan": (np.tan, ANGLE),
    "asin": (np.arcsin, INSIDE),
    "acos": (np.arccos, INSIDE),
    "atan": (np.arctan, ANGLE),
    "sinh": (np.sinh, ANGLE),
    "cosh": (np.cosh, ANGLE),
    "tanh": (np.tanh, ANGLE),
    "asinh": (np.arcsinh, ANGLE),
    "acosh": (np.arccosh, OUTSIDE),
    "atanh": (np.arctanh, INSIDE),
    "deg2rad": (np.deg2rad, ANGLE),
    "rad2deg": (np.rad2deg, ANGLE),
}
INVERSES = ("asin", "acos", "atan", "asinh", "acosh", "atanh")

ROWS = [
    *[
        Row(op, reference, [arg], in_place=True, empty=True)
        for op, (reference, arg) in REFERENCES.items()
    ],
    *[
        Row(f"arc{op[1:]}", *REFERENCES[op][:1], [REFERENCES[op][1]], in_place=True)
        for op in INVERSES
    ],
    Row(
        "atan2",
        np.arctan2,
        [Arg(3, 4, low=0.5), Arg(3, 1, low=-2, high=-0.5)],
        in_place=True,
        empty=True,
    ),
    Row("arctan2", np.arctan2, [Arg(3, 4, low=0.5), Arg(3, 4)], in_place=True),
]
