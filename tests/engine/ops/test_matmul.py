"""Matrix products larger than a block, in every layout."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import engine
from engine import Tensor

# m, n, k: with and without whole tiles, deeper than a block, and with rows 2 KiB apart
SIZES = [(13, 29, 70), (64, 48, 96), (7, 130, 600), (150, 33, 65), (96, 512, 64), (512, 96, 128)]


def random(rows: int, columns: int, transposed: bool, seed: int) -> Tensor:
    shape = (columns, rows) if transposed else (rows, columns)
    values = engine.tensor(np.random.default_rng(seed).standard_normal(shape))
    return values.t() if transposed else values


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layout(size: tuple[int, int, int], dtype: str) -> None:
    m, n, k = size
    tolerance = 1e-4 if dtype == "float32" else 1e-11
    for a_transposed, b_transposed in itertools.product((False, True), repeat=2):
        a, b = random(m, k, a_transposed, 0), random(k, n, b_transposed, 1)
        wanted = a.numpy() @ b.numpy()
        a, b = a.to(getattr(engine, dtype)), b.to(getattr(engine, dtype))
        assert a.is_contiguous() is not a_transposed
        np.testing.assert_allclose((a @ b).numpy(), wanted, rtol=tolerance, atol=tolerance)
