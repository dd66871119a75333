"""Attention masks must broadcast to the scores."""

from __future__ import annotations

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
