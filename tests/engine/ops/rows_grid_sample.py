"""grid_sample, against weighted sums over all elements."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .framework import Arg, Row
from .rows_interpolate import keys, triangle


def _inside(at: float, size: int, padding_mode: str, align_corners: bool) -> float:
    """A position mapped into the range of elements by ``padding_mode``."""
    if padding_mode == "reflection":
        low = 0.0 if align_corners else -0.5
        high = size - 1 - low
        while high > low and not low <= at <= high:
            at = 2 * low - at if at < low else 2 * high - at
    return at if padding_mode == "zeros" else min(max(at, 0.0), size - 1.0)


def _weights(c: float, size: int, mode: str, padding_mode: str, align_corners: bool) -> np.ndarray:
    """The weight of each element of a dimension at coordinate ``c``."""
    at = (c + 1) / 2 * (size - 1) if align_corners else ((c + 1) * size - 1) / 2
    weights = np.zeros(size)
    if mode == "bicubic":
        for j in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            neighbour = int(_inside(j, size, padding_mode, align_corners))
            if 0 <= neighbour < size:
                weights[neighbour] += keys(at - j)
        return weights
    at = _inside(at, size, padding_mode, align_corners)
    if mode == "nearest":
        return (np.arange(size) == np.round(at)).astype(float)
    return np.array([triangle(at - j) for j in range(size)])


def grid_sample(
    x: np.ndarray,
    grid: np.ndarray,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool = False,
) -> np.ndarray:
    points = grid.shape[1:-1]
    out = np.zeros((*x.shape[:2], *points))
    for n, *point in itertools.product(range(len(x)), *map(range, points)):
        values = x[n]
        for size, c in zip(reversed(x.shape[2:]), grid[(n, *point)], strict=True):
            values = values @ _weights(c, size, mode, padding_mode, align_corners)
        out[(n, slice(None), *point)] = values
    return out


def affine_grid(theta: np.ndarray, size: Any, align_corners: bool = False) -> np.ndarray:
    spatial = size[2:]
    lines = [
        np.linspace(-1, 1, n) if align_corners else (2 * np.arange(n) + 1) / n - 1 for n in spatial
    ]
    points = np.stack([*reversed(np.meshgrid(*lines, indexing="ij")), np.ones(spatial)], -1)
    return np.einsum("...j,nij->n...i", points, theta)


IMAGE, POINTS = Arg(2, 3, 4, 5), Arg(2, 3, 2, 2, low=-1.3, high=1.3)
VOLUME, VOLUME_POINTS = Arg(1, 2, 3, 4, 3), Arg(1, 2, 2, 2, 3, low=-1.2, high=1.2)
# rounding of 16-bit coordinates shifts the point, which matters where the image is steep
EXACT: dict[str, Any] = {"method": False, "dtypes": "wide", "tol": (1e-4, 1e-5)}

ROWS = [
    *(
        Row(
            "grid_sample",
            grid_sample,
            [IMAGE, POINTS],
            {"mode": mode, "padding_mode": padding_mode, "align_corners": align},
            id=f"grid_sample-{mode}-{padding_mode}-{align}",
            **EXACT,
        )
        for mode in ("bilinear", "nearest", "bicubic")
        for padding_mode in ("zeros", "border", "reflection")
        for align in (False, True)
    ),
    Row("grid_sample", grid_sample, [VOLUME, VOLUME_POINTS], id="grid_sample-volume", **EXACT),
    Row(
        "grid_sample",
        grid_sample,
        [VOLUME, VOLUME_POINTS],
        {"mode": "nearest", "padding_mode": "reflection"},
        id="grid_sample-volume-nearest",
        **EXACT,
    ),
    Row("affine_grid", affine_grid, [Arg(2, 2, 3), (2, 1, 3, 4)], method=False),
    Row("affine_grid", affine_grid, [Arg(2, 2, 3), (2, 1, 3, 2), True], method=False, id="corners"),
    Row("affine_grid", affine_grid, [Arg(1, 3, 4), (1, 1, 2, 3, 2)], method=False, id="volume"),
]
