"""Random numbers: their distributions, reproducibility, and gradients through them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import engine
from engine.testing import gradcheck

N = 100_000
FLOATS = [engine.float32, engine.float64, engine.float16, engine.bfloat16]


def seeded(seed: int = 7) -> engine.Generator:
    return engine.Generator().manual_seed(seed)


def p_value(sample: np.ndarray, distribution: object) -> float:
    return float(stats.kstest(sample, distribution.cdf).pvalue)


@pytest.mark.parametrize("dtype", [engine.float32, engine.float64])
def test_distributions(dtype: engine.dtype) -> None:
    empty = engine.empty(N, dtype=dtype)
    assert p_value(empty.uniform_(-1, 3, generator=seeded()).numpy(), stats.uniform(-1, 4)) > 1e-3
    assert p_value(empty.normal_(2, 0.5, generator=seeded()).numpy(), stats.norm(2, 0.5)) > 1e-3
    assert (
        p_value(empty.exponential_(3, generator=seeded()).numpy(), stats.expon(scale=1 / 3)) > 1e-3
    )


def test_neighbours_are_independent() -> None:
    x = engine.randn(N, generator=seeded()).numpy().astype(np.float64)
    for lag in (1, 2, 3, 4):
        assert abs(np.mean(x[:-lag] * x[lag:])) < 5 / np.sqrt(N)


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_stays_below_its_end(dtype: engine.dtype) -> None:
    x = engine.rand(N, dtype=dtype, generator=seeded())
    assert x.dtype == dtype
    assert float(x.min()) >= 0 and float(x.max()) < 1
    assert abs(x.double().mean().item() - 0.5) < 0.01


def test_philox_known_answer() -> None:
    """The known answer for key 0 and counter 0 of the paper's code."""
    words = np.array([0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8])
    expected = (words >> 8).astype(np.float32) * np.float32(2**-24)
    np.testing.assert_array_equal(engine.rand(4, generator=seeded(0)).numpy(), expected)


@pytest.mark.parametrize(
    "make",
    [engine.rand, engine.randn, lambda n, generator: engine.randint(9, (n,), generator=generator)],
)
def test_same_numbers_for_any_thread_count(make: object) -> None:
    threads = engine.get_num_threads()
    try:
        engine.set_num_threads(1)
        one = make(N + 3, generator=seeded())
        engine.set_num_threads(2)
        assert engine.equal(make(N + 3, generator=seeded()), one)
    finally:
        engine.set_num_threads(threads)


def test_layout_does_not_change_the_numbers() -> None:
    straight = engine.empty(30, 70).uniform_(generator=seeded())
    turned = engine.empty(70, 30).transpose(0, 1).uniform_(generator=seeded())
    assert engine.equal(straight, turned)


def test_generator_moves_on_and_restarts() -> None:
    generator = seeded()
    first, second = engine.rand(5, generator=generator), engine.rand(5, generator=generator)
    assert not engine.equal(first, second)
    assert engine.equal(engine.rand(5, generator=generator.manual_seed(7)), first)


@pytest.mark.parametrize("dtype", [engine.int64, engine.uint8, engine.float32])
def test_randint(dtype: engine.dtype) -> None:
    x = engine.randint(3, 11, (N,), dtype=dtype, generator=seeded())
    assert x.dtype == dtype
    counts = np.bincount(x.long().numpy())
    assert counts[:3].sum() == 0 and len(counts) == 11
    assert stats.chisquare(counts[3:]).pvalue > 1e-3


def test_random_covers_the_dtype() -> None:
    x = engine.empty(N, dtype=engine.uint8).random_(generator=seeded())
    assert int(x.min()) == 0 and int(x.max()) == 255
    assert int(engine.empty(N).random_(5, generator=seeded()).max()) == 4
    assert int(engine.empty(N).random_(-2, 5, generator=seeded()).min()) == -2


def test_randperm_is_a_permutation() -> None:
    order = engine.randperm(1000, generator=seeded()).numpy()
    assert sorted(order) == list(range(1000)) and list(order) != list(range(1000))


def test_like() -> None:
    t = engine.zeros(2, 3, dtype=engine.float64)
    for made in (engine.rand_like(t), engine.randn_like(t), engine.randint_like(t, 5)):
        assert made.shape == t.shape and made.dtype == engine.float64


def test_normal_with_tensors() -> None:
    mean, std = engine.tensor([0.0, 100.0]), engine.tensor([[0.0], [1.0]])
    x = engine.normal(mean, std, generator=seeded())
    assert x.shape == (2, 2)
    assert x[0].tolist() == [0.0, 100.0]
    assert abs(x[1, 1].item() - 100) < 6


def test_bernoulli() -> None:
    p = engine.linspace(0, 1, 5).expand(N // 5, 5)
    frequency = engine.bernoulli(p, generator=seeded()).mean(0).numpy()
    np.testing.assert_allclose(frequency, [0, 0.25, 0.5, 0.75, 1], atol=0.02)
    assert abs(engine.empty(N).bernoulli_(0.3, generator=seeded()).mean().item() - 0.3) < 0.01


def test_multinomial_with_replacement() -> None:
    weights = engine.tensor([[1.0, 0.0, 3.0], [0.0, 5.0, 0.0]])
    drawn = engine.multinomial(weights, N // 10, replacement=True, generator=seeded()).numpy()
    np.testing.assert_allclose(
        np.bincount(drawn[0], minlength=3) / (N // 10), [0.25, 0, 0.75], atol=0.02
    )
    assert (drawn[1] == 1).all()


def test_multinomial_without_replacement() -> None:
    drawn = engine.multinomial(engine.tensor([1.0, 0.0, 3.0, 2.0]), 3, generator=seeded()).tolist()
    assert sorted(drawn) == [0, 2, 3]
    first = [
        engine.multinomial(engine.tensor([1.0, 3.0]), 1, generator=seeded(k)).item()
        for k in range(400)
    ]
    assert abs(np.mean(first) - 0.75) < 0.1


@pytest.mark.parametrize("dtype", FLOATS)
def test_dropout(dtype: engine.dtype) -> None:
    engine.manual_seed(3)
    x = engine.ones(N, dtype=dtype, requires_grad=True)
    y = engine.dropout(x, 0.25, True)
    y.backward(engine.ones(N, dtype=dtype))
    assert engine.equal(x.grad, y)
    kept = y.detach().double().numpy()
    assert abs((kept == 0).mean() - 0.25) < 0.01
    np.testing.assert_allclose(kept[kept != 0], 4 / 3, rtol=4e-3)


def test_dropout_at_its_ends() -> None:
    x = engine.ones(100)
    assert engine.dropout(x, 0.5, False) is x
    assert engine.dropout(x, 1.0, True).sum().item() == 0


def test_dropout_of_other_layouts() -> None:
    x = engine.rand(8, 6, dtype=engine.float64, requires_grad=True)

    def dropped(x: engine.Tensor) -> engine.Tensor:
        engine.manual_seed(1)
        return engine.dropout(x.transpose(0, 1), 0.5, True)

    assert gradcheck(dropped, [x])


def test_gradient_of_a_filled_tensor_is_zero() -> None:
    x = engine.ones(3, requires_grad=True)
    (x * 2).normal_().sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: engine.empty(2).uniform_(3, 1), "from: expected at most to"),
        (lambda: engine.empty(2).normal_(0, -1), "std: expected 0 or more"),
        (lambda: engine.empty(2, dtype=engine.int64).uniform_(), "expected a floating dtype"),
        (lambda: engine.randint(5, 5, (2,)), "expected low < high"),
        (lambda: engine.multinomial(engine.tensor([1.0, 0.0]), 2), "without replacement from 1"),
        (lambda: engine.multinomial(engine.tensor([-1.0, 2.0]), 1), "expected finite weights"),
        (lambda: engine.dropout(engine.ones(2), 1.5, True), "p: expected a probability"),
        (lambda: engine.bernoulli(engine.tensor([1, 0])), "expected a floating dtype"),
    ],
)
def test_errors_name_the_argument(call: object, message: str) -> None:
    with pytest.raises((RuntimeError, ValueError, TypeError), match=message):
        call()
