"""Largest and smallest elements, and their indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .rows_reduce import along


def _with_index(values: Any, index: Any) -> Any:
    def call(x: np.ndarray, dim: int, keepdim: bool = False) -> Any:
        return values(x, axis=dim, keepdims=keepdim), index(x, axis=dim, keepdims=keepdim)

    return call


ROWS = [
    Row("amax", along(np.max), [Arg(3, 4, 5), [0, 2]], dtypes="wide"),
    Row("amin", along(np.min), [Arg(3, 4, 5), 1], {"keepdim": True}, dtypes="wide"),
    Row("amax", along(np.max), [Arg(300, 40), 0], dtypes="all", id="amax-columns", grad=False),
    Row("max", along(np.max), [Arg(3, 4)]),
    Row("min", along(np.min), [Arg(3, 4)]),
    Row("max", _with_index(np.max, np.argmax), [Arg(3, 4, 5), 1], dtypes="wide", id="max-dim"),
    Row("min", _with_index(np.min, np.argmin), [Arg(3, 4), -1, True], dtypes="all", id="min-dim"),
    Row("max", np.maximum, [Arg(3, 4), Arg(4)], dtypes="wide", id="max-other"),
    Row("min", np.minimum, [Arg(3, 4), Arg(4)], dtypes="wide", id="min-other"),
    Row("aminmax", lambda x: (x.min(), x.max()), [Arg(3, 4)]),
    Row("argmax", along(np.argmax), [Arg(3, 40)], dtypes="all", grad=False),
    Row(
        "argmax",
        along(np.argmax),
        [Arg(3, 40, 5), 1],
        dtypes="all",
        grad=False,
        id="argmax-columns",
    ),
    Row("argmin", along(np.argmin), [Arg(3, 40), -1, True], dtypes="all", grad=False),
]
