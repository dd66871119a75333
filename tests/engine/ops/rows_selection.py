"""Elementwise selection: maximum, minimum, clamp, where."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

A, B, MASK = Arg(3, 4), Arg(3, 1), Arg(3, 4, dtype="bool")
BOTH = {"min": -0.5, "max": 1.25}

ROWS = [
    Row("where", np.where, [MASK, A, B], dtypes="all", method=False, empty=True),
    Row("where", np.where, [MASK, A, 0.5], method=False, id="where-number"),
    Row("where", np.where, [MASK, -1.0, A], method=False, id="where-number-first"),
    Row("maximum", np.maximum, [A, B], dtypes="all", in_place=True, empty=True),
    Row("minimum", np.minimum, [A, B], dtypes="all", in_place=True, empty=True),
    Row("fmax", np.fmax, [A, B], dtypes="all", in_place=True, empty=True),
    Row("fmin", np.fmin, [A, B], dtypes="all", in_place=True, empty=True),
    Row("clamp", lambda x, min, max: np.clip(x, min, max), [A], BOTH, in_place=True, empty=True),
    Row(
        "clamp",
        lambda x, min: np.maximum(x, min),
        [A],
        {"min": 0.25},
        in_place=True,
        id="clamp-min",
    ),
    Row(
        "clamp",
        lambda x, max: np.minimum(x, max),
        [A],
        {"max": 1},
        dtypes="number",
        in_place=True,
        id="clamp-max",
    ),
    Row(
        "clamp",
        np.clip,
        [A, Arg(4, low=-1, high=0), Arg(3, 1, low=0.5, high=1)],
        in_place=True,
        id="clamp-tensors",
    ),
    Row("clamp_min", np.maximum, [A, 0.25], in_place=True),
    Row("clamp_max", np.minimum, [A, 0.25], in_place=True),
    Row("clip", np.clip, [A, 0, 1], dtypes="number", in_place=True),
]
