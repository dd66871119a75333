"""Views of the same memory."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

ROWS = [
    Row("reshape", np.reshape, [Arg(4, 6), (2, 12)], dtypes="all"),
    Row("permute", np.transpose, [Arg(2, 3, 4), (2, 0, 1)], dtypes="all"),
    Row("transpose", np.swapaxes, [Arg(2, 3, 4), 0, -1], dtypes="all"),
    Row("unsqueeze", np.expand_dims, [Arg(2, 3), 1], dtypes="all", empty=True),
    Row("squeeze", np.squeeze, [Arg(1, 3, 1)], dtypes="all"),
    Row("squeeze", np.squeeze, [Arg(1, 3, 1), 2], dtypes="all", id="squeeze-dim"),
    Row("expand", lambda x, size: np.broadcast_to(x, size), [Arg(3, 1), (2, 3, 4)], dtypes="all"),
    Row("flatten", lambda x, a, b: x.reshape(2, 12, 5), [Arg(2, 3, 4, 5), 1, 2], dtypes="all"),
    Row("select", lambda x, d, i: np.take(x, i, axis=d), [Arg(3, 4), 1, -2], dtypes="all"),
    Row("narrow", lambda x, d, s, n: x[:, s : s + n], [Arg(3, 5), 1, 1, 3], dtypes="all"),
    *[
        Row(f"atleast_{n}d", function, [Arg(*shape)], dtypes="all", method=False)
        for n, function in enumerate((np.atleast_1d, np.atleast_2d, np.atleast_3d), 1)
        for shape in ((), (3,), (2, 3))
    ],
    Row("view", np.reshape, [Arg(4, 6), (2, 12)], dtypes="all", layout=False),
    Row("slice", lambda x, d, a, b, s: x[:, a:b:s], [Arg(3, 7), 1, 1, 6, 2], method=False),
    Row("detach", np.copy, [Arg(3, 4)], dtypes="all", grad=False),
    Row("alias", np.copy, [Arg(3, 4)], dtypes="all"),
]
