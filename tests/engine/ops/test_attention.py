"""Attention: masks, blocks, precision."""

from __future__ import annotations

import math

import numpy as np
import pytest

import engine

attention = engine.nn.functional.scaled_dot_product_attention


def random(*shape: int, seed: int = 0) -> engine.Tensor:
    return engine.from_numpy(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize(
    ("query", "key", "mask"),
    [
        ((2, 2, 4), (2, 3, 4), (2, 4)),
        ((2, 2, 4), (2, 3, 4), (5, 3)),
        ((2, 2, 4), (2, 3, 4), (2, 3, 3)),
        ((2, 2, 4), (2, 3, 4), (5, 2, 2, 3)),
        ((2, 4), (3, 4), (5, 2, 3)),
        ((2, 5, 2, 4), (2, 5, 3, 4), (2, 2, 3)),
        ((2, 5, 2, 4), (2, 5, 3, 4), (3, 2, 5, 2, 3)),
        ((1, 1, 1), (1, 1_000_000, 1), (2,)),
    ],
)
@pytest.mark.parametrize("dtype", [engine.float64, engine.bool])
def test_a_mask_must_broadcast_to_the_scores(
    query: tuple[int, ...], key: tuple[int, ...], mask: tuple[int, ...], dtype: engine.dtype
) -> None:
    with pytest.raises(RuntimeError, match="attn_mask: expected shape"):
        attention(
            random(*query),
            random(*key, seed=1),
            random(*key, seed=2),
            engine.ones(mask, dtype=dtype),
        )


@pytest.mark.parametrize("shape", [(2, 7, 4), (2, 3, 7, 4), (2, 1, 3, 7, 4)])
@pytest.mark.parametrize("size", [(), (1,), (1, 1)])
def test_a_mask_of_one_element_holds_for_all_scores(
    shape: tuple[int, ...], size: tuple[int, ...]
) -> None:
    q, k, v = (random(*shape, seed=i) for i in range(3))
    plain = attention(q, k, v).numpy()
    np.testing.assert_allclose(attention(q, k, v, engine.full(size, 2.5).double()).numpy(), plain)
    np.testing.assert_allclose(attention(q, k, v, engine.ones(size) > 0).numpy(), plain)
    assert not attention(q, k, v, engine.ones(size) < 0).any()


def test_a_mask_holds_bools_or_numbers_to_add() -> None:
    q = random(2, 3, 4)
    with pytest.raises(RuntimeError, match="attn_mask: expected dtype bool"):
        attention(q, q, q, engine.ones(3, 3, dtype=engine.int64))


@pytest.mark.parametrize("masked", [False, True])
def test_gradients_for_large_scores(masked: bool) -> None:
    """In float32 the logarithm of the sum is lost beside scores of 2**24."""
    found = []
    for shift in (0.0, 2.0**24):
        query = engine.tensor([[1.0, 1.0]], requires_grad=True)
        key = engine.tensor([[shift, 0.0], [shift, 2.0], [shift, -2.0]])
        value = engine.tensor([[1.0], [2.0], [4.0]], requires_grad=True)
        mask = engine.zeros(1, 3) if masked else None
        result = engine.scaled_dot_product_attention(query, key, value, mask, scale=1.0)
        result.sum().backward()
        assert query.grad is not None and value.grad is not None
        found.append((result, query.grad[0, 1], value.grad))
    for got, expected in zip(found[1], found[0], strict=True):
        engine.testing.assert_close(got, expected)


def test_a_query_that_sees_nothing_gives_zeros() -> None:
    q = random(1, 1, 3, 4).requires_grad_()
    seen = engine.tensor([[True, True, True], [False, False, False], [True, False, False]])
    out = attention(q, q, q, seen)
    out.sum().backward()
    assert out[0, 0, 1].tolist() == [0.0] * 4
    assert bool(q.grad.isfinite().all())


@pytest.mark.parametrize("length", [191, 192, 193, 500])
def test_blocks_of_attention_join(length: int) -> None:
    """Lengths around the size of a block, against the softmax of all scores."""
    q, k, v = (random(2, length, 8, seed=seed) for seed in range(3))
    scores = (q @ k.transpose(1, 2)) / math.sqrt(8)
    wanted = engine.softmax(scores, 2) @ v
    got = attention(q, k, v)
    np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-10, atol=1e-12)
