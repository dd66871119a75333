"""Ranges, identity matrices, triangles, grids and one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def creation(op: str, reference: Any, *args: Any, **kwargs: Any) -> Row:
    return Row(
        op, reference, list(args), kwargs, dtypes="wide", grad=False, id=f"{op}{args}{kwargs or ''}"
    )


def linspace(start: float, end: float, steps: int) -> Any:
    return np.linspace(start, end, steps, dtype=np.float32)


ROWS = [
    creation("tril_indices", lambda n, m: np.stack(np.tril_indices(n, 0, m)), 3, 4),
    creation("triu_indices", lambda n, m: np.stack(np.triu_indices(n, 0, m)), 3, 4),
    creation("triu_indices", lambda n, m, k: np.stack(np.triu_indices(n, k, m)), 4, 3, 1),
    creation("arange", np.arange, 5),
    creation("arange", np.arange, 2, 9, 3),
    creation("arange", np.arange, 9, 2, -2),
    creation("arange", np.arange, 0.0, 1.0, 0.25),
    creation("linspace", linspace, 0, 1, 5),
    creation("linspace", linspace, 3, -2, 1),
    creation("logspace", lambda a, b, n: np.logspace(a, b, n, dtype=np.float32), 0, 2, 3),
    creation("eye", lambda n: np.eye(n, dtype=np.float32), 3),
    creation("eye", lambda n, m: np.eye(n, m, dtype=np.float32), 2, 4),
    Row("tril", np.tril, [Arg(2, 3, 4)], dtypes="all", in_place=True, empty=True),
    Row("tril", np.tril, [Arg(3, 4), 1], in_place=True, id="tril-1"),
    Row("triu", np.triu, [Arg(2, 3, 4)], dtypes="all", in_place=True, empty=True),
    Row("triu", np.triu, [Arg(3, 4), -1], in_place=True, id="triu--1"),
    Row("meshgrid", lambda v: np.meshgrid(*v, indexing="ij"), [[Arg(2), Arg(3)]], method=False),
    Row(
        "meshgrid",
        lambda v, indexing: np.meshgrid(*v, indexing=indexing),
        [[Arg(2), Arg(3), Arg(4)]],
        {"indexing": "xy"},
        method=False,
        id="meshgrid-xy",
    ),
    Row(
        "one_hot",
        lambda i, n: np.eye(n, dtype=np.int64)[i],
        [Arg(2, 3, low=0, high=4, dtype="int64"), 6],
        grad=False,
        dtypes="wide",
    ),
]
