"""Creation of tensors of one value."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row

A = Arg(3, 4)
# no argument has the row's dtype, so that one suffices
NO_TENSOR: dict[str, Any] = {"dtypes": "bool", "grad": False, "method": False, "layout": False}
LIKE: dict[str, Any] = {"dtypes": "all", "grad": False, "empty": True}

ROWS = [
    Row("zeros", np.zeros, [(2, 3)], **NO_TENSOR),
    Row("ones", np.ones, [(2, 3)], **NO_TENSOR),
    Row("full", np.full, [(2, 3), 7.5], **NO_TENSOR),
    Row("full", np.full, [(0, 3), 7], **NO_TENSOR, id="full-empty"),
    Row("zeros_like", np.zeros_like, [A], method=False, **LIKE),
    Row("ones_like", np.ones_like, [A], method=False, **LIKE),
    Row("new_zeros", lambda x, size: np.zeros(size), [A, (2, 3)], **LIKE),
    Row("new_ones", lambda x, size: np.ones(size), [A, (2, 3)], **LIKE),
    Row("new_full", lambda x, size, value: np.full(size, value), [A, (2, 3), 1], **LIKE),
    Row("full_like", np.full_like, [Arg(2, 3), 7], dtypes="number", grad=False, method=False),
]
