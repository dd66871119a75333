"""Copies between layouts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import engine


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize(
    "shape", [(5, 7, 3), (2, 70, 130), (129, 4, 65), (3, 64, 64), (300, 300, 1)]
)
def test_every_order_of_dimensions(shape: tuple[int, ...], dtype: str) -> None:
    array = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    x = engine.from_numpy(array)
    for order in itertools.permutations(range(3)):
        expected = array.transpose(order)
        np.testing.assert_array_equal(x.permute(*order).contiguous().numpy(), expected)
        np.testing.assert_array_equal(
            x.permute(*order)[1:, ::2].contiguous().numpy(), expected[1:, ::2]
        )


def test_between_two_orders_of_dimensions() -> None:
    array = np.random.default_rng(0).normal(size=(2, 40, 50, 60)).astype(np.float32)
    to = engine.zeros(2, 60, 40, 50).permute(0, 2, 3, 1)
    to.copy_(engine.from_numpy(array))
    np.testing.assert_array_equal(to.numpy(), array)


def test_rows_are_counted_through_all_dimensions() -> None:
    array = np.random.default_rng(0).normal(size=(9, 8, 7, 6, 5)).astype(np.float32)
    x = engine.from_numpy(array)
    y = engine.from_numpy(np.ascontiguousarray(array[:, :, :, :, :3]))
    threads = engine.get_num_threads()
    for n in (1, 3):
        engine.set_num_threads(n)
        big = engine.zeros(9 * 4, 8 * 3, 7, 6, 5)[::4, 1::3]
        big.copy_(x)
        np.testing.assert_array_equal(big.numpy(), array)
        np.testing.assert_array_equal((x[..., ::2] + y).numpy(), array[..., ::2] + array[..., :3])
    engine.set_num_threads(threads)
