"""Distances and similarities."""

from __future__ import annotations

import numpy as np
from scipy.spatial import distance

from .framework import Arg, Row

A, B = Arg(3, 4), Arg(3, 4)


def _cosine(x: np.ndarray, y: np.ndarray, dim: int = 1) -> np.ndarray:
    lengths = np.linalg.norm(x, axis=dim) * np.linalg.norm(y, axis=dim)
    return (x * y).sum(dim) / lengths


def _pairwise(x: np.ndarray, y: np.ndarray, p: float = 2.0, eps: float = 1e-6) -> np.ndarray:
    return np.linalg.norm(x - y + eps, p, axis=-1)


def _cdist(x: np.ndarray, y: np.ndarray, p: float = 2.0, compute_mode: str = "") -> np.ndarray:
    return distance.cdist(x, y, "minkowski", p=p)


ROWS = [
    Row("cosine_similarity", _cosine, [A, B], method=False),
    Row("cosine_similarity", _cosine, [A, B, 0], method=False, id="cosine_similarity-0"),
    Row("pairwise_distance", _pairwise, [A, B], method=False),
    Row("pairwise_distance", _pairwise, [A, B, 3.0], method=False, id="pairwise_distance-3"),
    Row("dist", lambda x, y: np.linalg.norm(x - y), [A, B]),
    Row("cdist", _cdist, [A, Arg(5, 4)], method=False),
    Row("cdist", _cdist, [A, Arg(5, 4), 1.0], method=False, id="cdist-1"),
    Row("cdist", _cdist, [A, Arg(5, 4), 3.0], method=False, id="cdist-3"),
    Row(
        "cdist",
        _cdist,
        [A, Arg(5, 4)],
        {"compute_mode": "use_mm_for_euclid_dist"},
        dtypes="wide",
        method=False,
        id="cdist-matmul",
    ),
    Row("pdist", distance.pdist, [Arg(5, 3)]),
]
