"""Concatenation and splitting."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

ROWS = [
    Row("cat", np.concatenate, [[Arg(2, 3), Arg(4, 3)], 0], dtypes="all", empty=True),
    Row(
        "cat", np.concatenate, [[Arg(2, 3), Arg(2, 1), Arg(2, 2)], -1], dtypes="all", id="cat-inner"
    ),
    Row("stack", np.stack, [[Arg(2, 3), Arg(2, 3)], 1], dtypes="all"),
    Row("hstack", np.hstack, [[Arg(2, 3), Arg(2, 1)]], dtypes="all"),
    Row("vstack", np.vstack, [[Arg(2, 3), Arg(3)]], dtypes="all"),
    Row(
        "split", lambda x, n, dim: (x[:, :2], x[:, 2:4], x[:, 4:]), [Arg(3, 5), 2, 1], dtypes="all"
    ),
    Row("split", lambda x, n: (x[:1], x[1:]), [Arg(4, 5), [1, 3]], dtypes="all", id="split-sizes"),
    Row("chunk", lambda x, n: (x[:2], x[2:4], x[4:]), [Arg(5, 2), 3], dtypes="all"),
    Row(
        "tensor_split",
        lambda x, n, dim: tuple(np.array_split(x, n, dim)),
        [Arg(2, 5), 3, 1],
        dtypes="all",
    ),
    Row(
        "tensor_split",
        lambda x, at: tuple(np.split(x, at)),
        [Arg(5, 2), [1, 3]],
        dtypes="all",
        id="tensor_split-at",
    ),
    Row("unbind", lambda x, dim: tuple(np.moveaxis(x, dim, 0)), [Arg(2, 3), 1], dtypes="all"),
    Row("concat", np.concatenate, [[Arg(2, 3), Arg(4, 3)]], dtypes="all"),
    Row("concatenate", np.concatenate, [[Arg(2, 3), Arg(4, 3)]], dtypes="all"),
    Row("row_stack", np.vstack, [[Arg(3), Arg(2, 3)]], dtypes="all"),
    Row("column_stack", np.column_stack, [[Arg(3), Arg(3, 2)]], dtypes="all"),
    Row("dstack", np.dstack, [[Arg(2, 3), Arg(2, 3)]], dtypes="all"),
    Row("hsplit", np.hsplit, [Arg(4, 6), 2], dtypes="all"),
    Row("hsplit", np.hsplit, [Arg(6), (1, 4)], dtypes="all", id="hsplit-vector"),
    Row("vsplit", np.vsplit, [Arg(4, 6), 2], dtypes="all"),
    Row("vsplit", np.vsplit, [Arg(4, 6), (1, 3)], dtypes="all", id="vsplit-indices"),
    Row("dsplit", np.dsplit, [Arg(1, 2, 4), 2], dtypes="all"),
    Row("dsplit", np.dsplit, [Arg(1, 2, 4), (1,)], dtypes="all", id="dsplit-indices"),
    Row(
        "split_with_sizes",
        lambda x, sizes: np.split(x, np.cumsum(sizes)[:-1]),
        [Arg(5, 2), [1, 4]],
        dtypes="all",
    ),
    Row("ravel", np.ravel, [Arg(2, 3)], dtypes="all", empty=True),
]
