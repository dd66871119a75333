"""The packed-weight cache of convolutions: every write to the weight must invalidate it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import engine
from engine import Tensor

CHANNELS = 32
CACHED_AFTER = 3  # calls


def random(*shape: int, seed: int = 0) -> Tensor:
    return engine.tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def check(weight: Tensor) -> None:
    """Convolve until the packed weight is cached, and once more with it."""
    x = random(1, weight.shape[1], 9, 9, seed=1)
    wanted = engine.conv2d(x.double(), weight.double(), None, 1, 1)
    back = engine.conv_transpose2d(wanted, weight.double(), None, 1, 1)
    for _ in range(CACHED_AFTER + 1):
        y = engine.conv2d(x, weight, None, 1, 1)
        np.testing.assert_allclose(y.numpy(), wanted.numpy(), rtol=1e-4, atol=1e-4)
        x_again = engine.conv_transpose2d(y, weight, None, 1, 1)
        np.testing.assert_allclose(x_again.numpy(), back.numpy(), rtol=1e-3, atol=1e-2)


def square_weight() -> Tensor:
    return random(CHANNELS, CHANNELS, 3, 3)


def through_pointer(weight: Tensor) -> None:
    ctypes.cast(weight.data_ptr(), ctypes.POINTER(ctypes.c_float))[5] = 9.0


def by_optimizer(weight: Tensor) -> None:
    weight.grad = engine.ones_like(weight)
    engine.optim.SGD([weight.requires_grad_()], lr=0.5).step()
    weight.requires_grad_(False)


WRITES: dict[str, Callable[[Tensor], object]] = {
    "op": lambda weight: weight.mul_(2),
    "inference": engine.inference_mode()(lambda weight: weight.add_(1)),
    "copy": lambda weight: weight.copy_(random(*weight.shape, seed=2)),
    "view": lambda weight: weight[3].view(-1).zero_(),
    "item": lambda weight: weight.__setitem__((0, 0), 7.0),
    "alias": lambda weight: weight.detach().fill_(0.5),
    "optimizer": by_optimizer,
    "numpy": lambda weight: weight.numpy().fill(0.25),
    "dlpack": lambda weight: engine.from_dlpack(weight).__setitem__(0, 3.0),
    "pointer": through_pointer,
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_invalidates_the_cache(name: str) -> None:
    weight = square_weight()
    for _ in range(2):
        check(weight)
        WRITES[name](weight)
    check(weight)


def test_writes_through_an_array_that_was_there_before() -> None:
    weight = square_weight()
    array = weight.numpy()
    for value in (1.0, 2.0):
        check(weight)
        array[1] = value
    check(weight)


def test_writes_to_borrowed_memory() -> None:
    array = np.array(square_weight())
    weight = engine.from_numpy(array)
    for value in (1.0, 2.0):
        check(weight)
        array[1] = value
    check(weight)


def test_views_of_one_storage_are_cached_apart() -> None:
    both = random(2 * CHANNELS, CHANNELS, 3, 3)
    views = [both[:CHANNELS], both[CHANNELS:], both[:CHANNELS].transpose(0, 1)]
    for _ in range(2):
        for view in views:
            check(view)
    both[0, 0, 0, 0] = 5.0
    for view in views:
        check(view)


def test_a_new_weight_in_the_memory_of_an_old_one() -> None:
    for seed in range(4):
        weight = random(CHANNELS, CHANNELS, 3, 3, seed=seed)
        check(weight)
        del weight


def test_threads_share_a_weight() -> None:
    weight = square_weight()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(check, [weight] * 8))
    weight.neg_()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(check, [weight] * 8))


def cached_bytes(weight: Tensor) -> int:
    """The bytes of the cached weight after enough convolutions."""
    x, before = random(1, weight.shape[1], 9, 9, seed=1), engine.memory_stats()["in_use"]
    for _ in range(CACHED_AFTER):
        engine.conv2d(x, weight, None, 1, 1)
    return int(engine.memory_stats()["in_use"] - before)


@pytest.mark.parametrize(
    "lend",
    [
        lambda weight: weight.numpy(),
        lambda weight: np.asarray(weight)[1:, ::2],
        lambda weight: np.from_dlpack(weight),
        lambda weight: engine.from_dlpack(weight),
    ],
)
def test_a_weight_is_cached_unless_its_memory_is_shared(
    lend: Callable[[Tensor], object],
) -> None:
    cached = cached_bytes(random(256, 256, 3, 3))
    if cached < 256 * 256 * 9 * 4:
        pytest.skip("this build, or this processor, packs no weights")
    weight = random(256, 256, 3, 3)
    borrowed = lend(weight)
    assert cached_bytes(weight) < cached
    del borrowed
    assert cached_bytes(weight) == cached
    check(weight)


def test_sharing_the_memory_invalidates_the_cache() -> None:
    weight = random(256, 256, 3, 3)
    cached = cached_bytes(weight)
    borrowed = weight.numpy()
    borrowed[:] = borrowed[::-1].copy()
    del borrowed
    check(weight)
    for _ in range(CACHED_AFTER):
        check(weight)
    assert cached == 0 or cached_bytes(weight) == 0  # replaces the old one
