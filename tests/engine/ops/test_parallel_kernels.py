"""Kernels run by several threads give the results of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import engine
from engine import Tensor

# Above the threshold of parallel kernels, and not a multiple of the vector length.
ODD = 100_003
LARGE = 3_000_017


@contextmanager
def threads(n: int) -> Iterator[None]:
    before = engine.get_num_threads()
    engine.set_num_threads(n)
    try:
        yield
    finally:
        engine.set_num_threads(before)


def with_threads(work: Callable[[], Tensor]) -> list[Any]:
    found = []
    for n in (1, 2, 3):
        with threads(n):
            found.append(work().numpy())
    return found


def normal(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "sin", "erf", "log1p"])
@pytest.mark.parametrize("n", [ODD, 2**20 + 3])
def test_elements_are_bit_identical_for_any_thread(name: str, n: int) -> None:
    x = engine.from_numpy(np.abs(normal(n)))
    one, two, three = with_threads(lambda: getattr(x, name)())
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)


def test_rows_are_bit_identical_for_any_thread() -> None:
    x = engine.from_numpy(normal(1003, 301))[:, 1:]
    one, two, three = with_threads(lambda: x.exp())
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("n", [2**23, 2**23 + 5])
def test_results_larger_than_a_cache(n: int) -> None:
    array = normal(n)
    x = engine.from_numpy(array)
    np.testing.assert_array_equal((x + 1.5).numpy(), array + np.float32(1.5))
    np.testing.assert_array_equal(x.clone().numpy(), array)
    shifted = engine.zeros(n + 1)[1:]
    np.testing.assert_array_equal(shifted.copy_(x).numpy(), array)
    np.testing.assert_array_equal((shifted * shifted).numpy(), array * array)
    half = x.to(engine.bfloat16)
    np.testing.assert_array_equal((half + 0.0).float().numpy(), half.float().numpy())


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(ODD,), (317, 331), (5, 3, 20_011), (30_000, 2, 2)])
def test_nonzero_and_masks(shape: tuple[int, ...], share: float) -> None:
    truth = np.random.default_rng(1).random(shape) < share
    expected = np.argwhere(truth)
    for found in with_threads(lambda: engine.from_numpy(truth).nonzero()):
        np.testing.assert_array_equal(found, expected)
    values = normal(*shape)
    for found in with_threads(lambda: engine.from_numpy(values)[engine.from_numpy(truth)]):
        np.testing.assert_array_equal(found, values[truth])


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 255 * 64 + 1])
def test_nonzero_at_the_length_of_a_vector(n: int) -> None:
    truth = np.arange(n) % 3 == 0
    found = engine.from_numpy(truth).nonzero().numpy()
    np.testing.assert_array_equal(found, np.argwhere(truth))


@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (17,), (ODD,), (3, 1001), (0,), (4, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int8"])
def test_running_sums_of_rows(shape: tuple[int, ...], dtype: str) -> None:
    array = (normal(*shape) * 3).astype(dtype)
    wide = array.astype(np.float64 if dtype.startswith("float") else np.int64)
    rtol, atol = (1e-6, 1e-6 * np.abs(wide).sum()) if dtype == "float32" else (1e-12, 1e-9)
    for found in with_threads(lambda: engine.from_numpy(array).cumsum(-1)):
        np.testing.assert_allclose(found, wide.cumsum(-1), rtol, atol)


@pytest.mark.parametrize("shape", [(50, 3), (9, 300, 257), (2, 5, 1000)])
@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_running_columns(shape: tuple[int, ...], name: str) -> None:
    array = 1 + normal(*shape) / 8
    expected = getattr(array.astype(np.float64), name)(-2)
    for found in with_threads(lambda: getattr(engine.from_numpy(array), name)(-2)):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_running_sums_pass_on_nan_and_infinity() -> None:
    array = np.ones(40, np.float32)
    array[[11, 21]] = np.inf, np.nan
    np.testing.assert_array_equal(engine.from_numpy(array).cumsum(0).numpy(), array.cumsum())
    array[21] = -np.inf
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(engine.from_numpy(array).cumsum(0).numpy(), array.cumsum())


def test_many_indices_scatter_in_their_order() -> None:
    rng = np.random.default_rng(2)
    index, values = rng.integers(0, 1000, LARGE), normal(LARGE)
    expected = np.zeros(1000)
    np.add.at(expected, index, values.astype(np.float64))
    last = np.zeros(1000, np.float32)
    last[index] = values
    at, source = engine.from_numpy(index), engine.from_numpy(values)
    sums = with_threads(lambda: engine.zeros(1000).scatter_add(0, at, source))
    np.testing.assert_allclose(sums[0], expected, rtol=1e-4, atol=1e-2)
    for found in sums:
        np.testing.assert_array_equal(found, sums[0])
    for found in with_threads(lambda: engine.zeros(1000).scatter(0, at, source)):
        np.testing.assert_array_equal(found, last)
    index[-1] = 1000
    for n in (1, 2):
        with threads(n), pytest.raises(IndexError, match="index 1000 is out of range"):
            engine.zeros(1000).scatter_add(0, at, source)


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int64"])
def test_picks_of_rows(dtype: str) -> None:
    rng = np.random.default_rng(3)
    array = rng.integers(0, 200, (40, 3000)).astype(dtype)
    index = rng.integers(0, 3000, (40, 1500))
    x, at = engine.from_numpy(array), engine.from_numpy(index)
    expected = np.take_along_axis(array, index, 1)
    for found in with_threads(lambda: x.gather(1, at)):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(
        x[:, ::2].gather(1, at % 1500).numpy(), np.take_along_axis(array[:, ::2], index % 1500, 1)
    )
    with pytest.raises(IndexError, match="index 3000 is out of range"):
        x.gather(1, engine.full((40, 5), 3000, dtype=engine.int64))


@pytest.mark.parametrize("channels", [3, 16, 19, 64])
@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_resizing_agrees_in_both_layouts(mode: str, channels: int) -> None:
    x = engine.from_numpy(normal(2, channels, 13, 17))
    last = x.to(memory_format=engine.channels_last)
    for size in ((26, 34), (5, 40), (7, 7)):
        expected = engine.nn.functional.interpolate(x, size=size, mode=mode)
        found = engine.nn.functional.interpolate(last, size=size, mode=mode)
        engine.testing.assert_close(found.contiguous(), expected, rtol=1e-5, atol=1e-5)


def test_max_pool_indices_agree_in_both_layouts() -> None:
    x = engine.from_numpy(normal(2, 19, 13, 17))
    last = x.to(memory_format=engine.channels_last)
    for options in ((3, 2, 1), (2, 2, 0), (3, 1, 1), (2, 3, 0)):
        values, indices = engine.nn.functional.max_pool2d(x, *options, return_indices=True)
        found, found_indices = engine.nn.functional.max_pool2d(last, *options, return_indices=True)
        np.testing.assert_array_equal(found.numpy(), values.numpy())
        np.testing.assert_array_equal(found_indices.numpy(), indices.numpy())
