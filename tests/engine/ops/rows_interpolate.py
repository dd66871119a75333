"""interpolate, against weighted sums with weights computed element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .framework import Arg, Row


def triangle(d: float) -> float:
    return max(1 - abs(d), 0.0)


def keys(d: float, a: float = -0.75) -> float:
    d = abs(d)
    if d < 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


def weights(
    mode: str, source: int, out: int, scale: float, align_corners: bool, antialias: bool
) -> np.ndarray:
    """One row of weights over the source for each element of the result."""
    table = np.zeros((out, source))
    for i in range(out):
        if mode.startswith("nearest"):
            shift = 0.5 if mode == "nearest-exact" else 0.0
            table[i, min(math.floor((i + shift) * scale), source - 1)] = 1
        elif mode == "area":
            first, last = math.floor(i * source / out), math.ceil((i + 1) * source / out)
            table[i, first:last] = 1 / (last - first)
        elif antialias:
            width = max(scale, 1.0)
            centre = scale * (i + 0.5)
            filter = triangle if mode == "linear" else lambda d: keys(d, -0.5)
            table[i] = [filter((j + 0.5 - centre) / width) for j in range(source)]
            table[i] /= table[i].sum()
        else:
            at = i * scale if align_corners else (i + 0.5) * scale - 0.5
            for j in range(math.floor(at) - 1, math.floor(at) + 3):
                weight = triangle(at - j) if mode == "linear" else keys(at - j)
                table[i, min(max(j, 0), source - 1)] += weight
    return table


def interpolate(
    x: np.ndarray,
    size: list[int] | None = None,
    scale_factor: list[float] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
    antialias: bool = False,
) -> Any:
    kind = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    for d in range(2, x.ndim):
        source = x.shape[d]
        out = size[d - 2] if size else math.floor(source * scale_factor[d - 2])
        scale = source / out if size else 1 / scale_factor[d - 2]
        if align_corners:
            scale = (source - 1) / (out - 1) if out > 1 else 0.0
        table = weights(kind, source, out, scale, align_corners, antialias)
        x = np.moveaxis(np.moveaxis(x, d, -1) @ table.T, -1, d)
    return x


IMAGE = Arg(2, 3, 5, 6)


def row(x: Arg, size: list[int] | None, mode: str, **kwargs: Any) -> Row:
    name = f"interpolate-{mode}-{size or kwargs['scale_factor']}-{'-'.join(kwargs)}"
    options = {"mode": mode, **kwargs}
    return Row("interpolate", interpolate, [x, size], options, method=False, id=name)


ROWS = [
    row(IMAGE, [9, 4], "nearest"),
    row(IMAGE, [3, 11], "nearest-exact"),
    row(IMAGE, [3, 4], "area"),
    row(IMAGE, None, "nearest", scale_factor=[2.0, 1.5]),
    row(Arg(2, 3, 7), [10], "linear"),
    row(IMAGE, [9, 4], "bilinear"),
    row(IMAGE, [9, 4], "bilinear", align_corners=True),
    row(IMAGE, None, "bilinear", scale_factor=[1.7, 0.6]),
    row(Arg(1, 2, 3, 4, 5), [5, 2, 7], "trilinear"),
    row(IMAGE, [8, 4], "bicubic"),
    row(IMAGE, [8, 4], "bicubic", align_corners=True),
    row(IMAGE, [11, 9], "nearest"),
    row(IMAGE, [11, 9], "bilinear"),
    row(IMAGE, [11, 9], "bilinear", align_corners=True),
    row(IMAGE, [11, 9], "bicubic"),
    row(IMAGE, [2, 9], "bilinear", antialias=True),
    row(IMAGE, [2, 3], "bicubic", antialias=True),
    Row(
        "interpolate",
        lambda x, size, scale, mode: np.round(interpolate(x, size, mode=mode)),
        [Arg(1, 2, 4, 5, low=0, high=255, dtype="uint8"), [7, 3], None, "bilinear"],
        dtypes="bool",
        method=False,
        grad=False,
        id="interpolate-bytes",
    ),
]
