"""Normalisation: running statistics, layouts, errors, precision."""

from __future__ import annotations

from typing import Any

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


@pytest.mark.parametrize("op", [_C.batch_norm, _C.instance_norm])
def test_running_statistics_are_written_as_the_schema_says(op: Any) -> None:
    x, array = random(4, 3, 5), np.zeros(3)
    mean, var = engine.zeros(3), engine.ones(3)
    before = mean._version, var._version
    with engine.profiler.profile() as profile:
        op(x, mean, var, None, None, True)
    assert (mean._version, var._version) == (before[0] + 1, before[1] + 1)
    assert "copy_" not in {event.key for event in profile.key_averages()}
    array.flags.writeable = False
    with pytest.raises(RuntimeError, match=r"running_mean: this tensor shows read-only memory"):
        op(x, engine.from_numpy(array), var.double(), None, None, True)
    with pytest.raises(RuntimeError, match=r"running_var: a tensor that requires a gradient"):
        op(x, mean, var.requires_grad_(), None, None, True)


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
