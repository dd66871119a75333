"""Elements under a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .rows_indexing import bool_mask


def _masked_fill(x: np.ndarray, mask: np.ndarray, value: Any) -> np.ndarray:
    return np.where(mask, np.asarray(value).astype(x.dtype), x)


def _masked_scatter(x: np.ndarray, mask: np.ndarray, source: np.ndarray) -> np.ndarray:
    out = x.copy()
    out[np.broadcast_to(mask, x.shape)] = source.ravel()[: np.broadcast_to(mask, x.shape).sum()]
    return out


ROWS = [
    Row(
        "masked_fill",
        _masked_fill,
        [Arg(3, 4), bool_mask(3, 4), 1.0],
        dtypes="all",
        in_place=True,
        empty=True,
    ),
    Row("masked_fill", _masked_fill, [Arg(3, 4), bool_mask(4), Arg()], id="masked_fill-tensor"),
    Row(
        "masked_select",
        lambda x, m: np.broadcast_arrays(x, m)[0][np.broadcast_arrays(x, m)[1]],
        [Arg(3, 4), bool_mask(4)],
        dtypes="all",
    ),
    Row("masked_scatter", _masked_scatter, [Arg(3, 4), bool_mask(4), Arg(4, 5)], in_place=True),
]
