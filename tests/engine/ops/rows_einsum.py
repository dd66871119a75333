"""Sums of products over named dimensions."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row


def einsum(equation: str, *operands: Arg) -> Row:
    return Row(
        "einsum",
        np.einsum,
        [equation, *operands],
        method=False,
        tol=(1e-4, 1e-5),
        dtypes="wide",
        id=f"einsum-{equation}",
    )


ROWS = [
    einsum("ij,jk->ki", Arg(3, 4), Arg(4, 2)),
    einsum("bhid,bhjd->bhij", Arg(2, 3, 4, 5), Arg(2, 3, 2, 5)),
    einsum("...i,oij,...j->...o", Arg(2, 3), Arg(4, 3, 5), Arg(2, 5)),
    einsum("ii->i", Arg(3, 3)),
    einsum("ij,k", Arg(2, 3), Arg(2)),
    Row("tensordot", np.tensordot, [Arg(2, 3, 4), Arg(3, 4, 5), 2], method=False, tol=(1e-4, 1e-5)),
]
