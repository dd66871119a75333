"""Normalisation, losses and attention beyond the rows: state, layouts, errors, extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import engine
from engine import _C


def random(*shape: int, seed: int = 0) -> engine.Tensor:
    return engine.from_numpy(np.random.default_rng(seed).normal(size=shape))


def test_batch_norm_moves_running_statistics() -> None:
    x, mean, var = random(4, 3, 5), engine.zeros(3).double(), engine.ones(3).double()
    _C.batch_norm(x, mean, var, training=True, momentum=0.25)
    values = x.numpy()
    np.testing.assert_allclose(mean.numpy(), 0.25 * values.mean((0, 2)))
    np.testing.assert_allclose(var.numpy(), 0.75 + 0.25 * values.var((0, 2), ddof=1))


def test_instance_norm_moves_running_statistics() -> None:
    x, mean, var = random(4, 3, 5), engine.zeros(3).double(), engine.ones(3).double()
    _C.instance_norm(x, mean, var, momentum=0.25)
    values = x.numpy()
    np.testing.assert_allclose(mean.numpy(), 0.25 * values.mean((0, 2)))
    np.testing.assert_allclose(var.numpy(), 0.75 + 0.25 * values.var(2, ddof=1).mean(0))


def test_batch_norm_is_exact_far_from_zero() -> None:
    """For a large mean a sum of squares would lose all digits of the variance."""
    x = random(64, 3, 10, 10) + 1e4
    wanted = _C.batch_norm(x, None, None, training=True).numpy()
    got = _C.batch_norm(x.float(), None, None, training=True).double().numpy()
    np.testing.assert_allclose(got, wanted, atol=5e-3)


@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_keeps_channels_last(training: bool) -> None:
    rows = random(2, 4, 5, 3)
    x, mean, var = rows.permute(0, 3, 1, 2), random(3), random(3) ** 2
    y = _C.batch_norm(x, mean.clone(), var.clone(), training=training)
    assert y.stride() == x.stride()
    packed = _C.batch_norm(x.contiguous(), mean.clone(), var.clone(), training=training)
    np.testing.assert_allclose(y.numpy(), packed.numpy(), rtol=1e-12, atol=1e-12)


def test_batch_norm_result_may_be_overwritten() -> None:
    """Its gradient does not read the result: an in-place activation after it is no error."""
    x = random(4, 3).requires_grad_()
    _C.batch_norm(x, None, None, training=True).relu_().sum().backward()
    assert x.grad is not None


def test_batch_norm_of_one_value_is_an_error() -> None:
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        _C.batch_norm(random(1, 3), None, None, training=True)


def test_running_statistics_have_one_value_per_channel() -> None:
    with pytest.raises(RuntimeError, match=r"running_var: expected shape \(3,\)"):
        _C.batch_norm(random(2, 3), random(3), random(4))


def test_cross_entropy_names_a_class_out_of_range() -> None:
    with pytest.raises(IndexError, match="class 4 at index 1 is out of range for 4 classes"):
        _C.cross_entropy(random(3, 4), engine.tensor([0, 4, 1]))


def test_cross_entropy_of_ignored_targets_alone_is_nan() -> None:
    loss = _C.cross_entropy(random(2, 4), engine.tensor([-100, -100]))
    assert math.isnan(loss.item())


def test_cross_entropy_of_certain_logits_is_finite() -> None:
    logits = engine.tensor([[1e4, -1e4], [-1e4, 1e4]]).requires_grad_()
    loss = _C.cross_entropy(logits, engine.tensor([0, 0]), reduction="sum")
    loss.backward()
    assert loss.item() == 2e4
    assert logits.grad.tolist() == [[0.0, 0.0], [-1.0, 1.0]]


def test_softmax_of_hidden_elements() -> None:
    hidden = engine.tensor([[0.0, -math.inf, 0.0], [-math.inf] * 3])
    first, second = _C.softmax(hidden, 1).tolist()
    assert first == [0.5, 0.0, 0.5]
    assert all(math.isnan(x) for x in second)


def test_a_query_that_sees_nothing_gives_zeros() -> None:
    q = random(1, 1, 3, 4).requires_grad_()
    seen = engine.tensor([[True, True, True], [False, False, False], [True, False, False]])
    out = _C.scaled_dot_product_attention(q, q, q, seen)
    out.sum().backward()
    assert out[0, 0, 1].tolist() == [0.0] * 4
    assert bool(q.grad.isfinite().all())


@pytest.mark.parametrize("length", [191, 192, 193, 500])
def test_blocks_of_attention_join(length: int) -> None:
    """Lengths around the size of a block, against the softmax of all scores."""
    q, k, v = (random(2, length, 8, seed=seed) for seed in range(3))
    scores = (q @ k.transpose(1, 2)) / math.sqrt(8)
    wanted = _C.softmax(scores, 2) @ v
    got = _C.scaled_dot_product_attention(q, k, v)
    np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-10, atol=1e-12)


def test_the_norm_of_many_tensors() -> None:
    tensors = [random(3, 4), random(5000), random(2, 2).t()]
    joined = np.concatenate([t.numpy().reshape(-1) for t in tensors])
    np.testing.assert_allclose(_C._foreach_norm(tensors).item(), np.linalg.norm(joined))
    np.testing.assert_allclose(_C._foreach_norm(tensors, 1.0).item(), abs(joined).sum())
    np.testing.assert_allclose(_C._foreach_norm(tensors, math.inf).item(), abs(joined).max())


def test_scaling_many_tensors() -> None:
    tensors = [engine.ones(2), engine.ones(3)]
    _C._foreach_mul_(tensors, engine.tensor(0.5))
    assert [t.tolist() for t in tensors] == [[0.5] * 2, [0.5] * 3]
