"""Padding at the borders."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def pad(x: np.ndarray, pad: Any, mode: str = "constant", value: float | None = None) -> np.ndarray:
    widths = [(0, 0)] * (x.ndim - len(pad) // 2) + [
        (pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)
    ]
    names = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(
        x,
        widths,
        mode=names[mode],
        **({"constant_values": value or 0} if mode == "constant" else {}),
    )


ROWS = [
    Row("pad", pad, [Arg(2, 3, 4), (1, 2, 0, 1)], {"value": 1.0}, dtypes="all", method=False),
    Row(
        "pad",
        pad,
        [Arg(2, 3, 4), (1, 2, 2, 0), "reflect"],
        dtypes="all",
        method=False,
        id="pad-reflect",
    ),
    Row(
        "pad",
        pad,
        [Arg(2, 3, 4), (3, 2), "replicate"],
        dtypes="all",
        method=False,
        id="pad-replicate",
    ),
    Row(
        "pad",
        pad,
        [Arg(2, 3, 4), (3, 2), "circular"],
        dtypes="all",
        method=False,
        id="pad-circular",
    ),
    Row(
        "pad",
        lambda x, pad: x[:, 1:-1],
        [Arg(3, 4), (-1, -1)],
        dtypes="all",
        method=False,
        id="pad-cut",
    ),
]
