"""Random numbers: reproducibility, for any number of threads, and distributions."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import engine
from engine import Tensor

DRAWS: dict[str, Callable[[engine.Generator | None], Tensor]] = {
    "rand": lambda g: engine.rand(70_001, generator=g),
    "randn": lambda g: engine.randn(70_001, generator=g),
    "randint": lambda g: engine.randint(0, 1000, (70_001,), generator=g),
    "randperm": lambda g: engine.randperm(70_001, generator=g),
    "bernoulli": lambda g: engine.bernoulli(engine.full((70_001,), 0.3), generator=g),
    "multinomial": lambda g: engine.multinomial(engine.ones(50), 30, True, generator=g),
    "normal_": lambda g: engine.empty(70_001).normal_(1.0, 2.0, generator=g),
    "uniform_": lambda g: engine.empty(70_001).uniform_(-1, 1, generator=g),
}


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = engine.get_num_threads()
    yield
    engine.set_num_threads(before)


@pytest.mark.parametrize("name", DRAWS)
def test_seeds(name: str) -> None:
    draw = DRAWS[name]
    engine.manual_seed(5)
    first, second = draw(None), draw(None)
    engine.manual_seed(5)
    assert engine.equal(draw(None), first) and not engine.equal(first, second)
    engine.manual_seed(6)
    assert not engine.equal(draw(None), first)
    assert engine.equal(draw(engine.Generator().manual_seed(5)), first)


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_for_any_number_of_threads(name: str) -> None:
    found = []
    for threads in (1, 2, 3, (os.cpu_count() or 1) + 3):
        engine.set_num_threads(threads)
        found.append(DRAWS[name](engine.Generator().manual_seed(1)))
    assert all(engine.equal(found[0], x) for x in found[1:])


def test_generator_state() -> None:
    generator = engine.Generator().manual_seed(3)
    assert generator.initial_seed() == 3
    engine.rand(10, generator=generator)
    state = pickle.loads(pickle.dumps(generator.get_state()))
    wanted = engine.randn(100, generator=generator)
    other = engine.Generator()
    other.set_state(state)
    assert engine.equal(engine.randn(100, generator=other), wanted)


def test_generators_do_not_disturb_each_other() -> None:
    engine.manual_seed(0)
    wanted = engine.rand(5)
    engine.manual_seed(0)
    engine.rand(5, generator=engine.Generator().manual_seed(9))
    assert engine.equal(engine.rand(5), wanted)
    assert engine.default_generator.initial_seed() == 0


@pytest.mark.parametrize("dtype", [engine.float32, engine.float64])
def test_moments(dtype: engine.dtype) -> None:
    engine.manual_seed(0)
    n = 400_000
    uniform, normal = engine.rand(n, dtype=dtype).numpy(), engine.randn(n, dtype=dtype).numpy()
    assert uniform.min() >= 0 and uniform.max() < 1
    # five standard errors of each moment
    assert abs(uniform.mean() - 1 / 2) < 5 * np.sqrt(1 / 12 / n)
    assert abs(uniform.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / n)
    assert abs(normal.mean()) < 5 / np.sqrt(n) and abs(normal.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs((normal**3).mean()) < 5 * np.sqrt(15 / n)
    assert abs((normal**4).mean() - 3) < 5 * np.sqrt(96 / n)
    assert abs((uniform[1:] * uniform[:-1]).mean() - 1 / 4) < 5 * np.sqrt(7 / 144 / n)


def test_integers_and_permutations() -> None:
    engine.manual_seed(0)
    drawn = engine.randint(-3, 7, (200_000,))
    values, counts = np.unique(drawn.numpy(), return_counts=True)
    assert values.tolist() == list(range(-3, 7))
    assert abs(counts - 20_000).max() < 5 * np.sqrt(200_000 * 0.1 * 0.9)
    assert sorted(engine.randperm(1000).tolist()) == list(range(1000))
    assert engine.randperm(0).tolist() == []
    positions = np.array([engine.randperm(4).tolist().index(0) for _ in range(4000)])
    assert abs(np.bincount(positions) - 1000).max() < 5 * np.sqrt(4000 * 3 / 16)


def test_multinomial_follows_the_weights() -> None:
    engine.manual_seed(0)
    drawn = engine.multinomial(engine.tensor([1.0, 0.0, 3.0]), 40_000, True).numpy()
    counts = np.bincount(drawn, minlength=3)
    assert counts[1] == 0 and abs(counts[2] - 30_000) < 5 * np.sqrt(40_000 * 3 / 16)
    assert sorted(engine.multinomial(engine.ones(5), 5).tolist()) == [0, 1, 2, 3, 4]


def test_state_of_the_default_generator() -> None:
    engine.manual_seed(3)
    state = engine.get_rng_state()
    first = engine.rand(2)
    engine.set_rng_state(state)
    assert state.dtype == engine.uint8 and engine.rand(2).tolist() == first.tolist()
    with engine.random.fork_rng():
        engine.manual_seed(4)
    assert engine.initial_seed() == 3
    assert engine.seed() == engine.initial_seed() != 3
    with pytest.raises(RuntimeError, match="expected the 16 bytes"):
        engine.set_rng_state(engine.zeros(5056, dtype=engine.uint8))
    with pytest.raises(TypeError, match="expected a tensor of uint8, got float32"):
        engine.Generator().set_state(engine.zeros(16))
    with pytest.raises(RuntimeError, match="fork_rng: devices"), engine.random.fork_rng([0]):
        pass
