"""Averages of weights beside their definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn, optim
from engine.optim import swa_utils

VALUES = [1.0, 2.0, 6.0, -3.0]


def averaged_weight(**options: Any) -> float:
    model = nn.Linear(1, 1, bias=False)
    averaged = swa_utils.AveragedModel(model, **options)
    for value in VALUES:
        with engine.no_grad():
            model.weight.fill_(value)
        averaged.update_parameters(model)
    assert averaged.n_averaged == len(VALUES)
    return float(averaged.module.weight.item())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"avg_fn": swa_utils.get_swa_avg_fn()},
        {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()},
    ],
)
def test_the_mean_of_all_models(options: dict[str, Any]) -> None:
    assert averaged_weight(**options) == pytest.approx(np.mean(VALUES))


@pytest.mark.parametrize(
    "options",
    [
        {"avg_fn": swa_utils.get_ema_avg_fn(0.75)},
        {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.75)},
    ],
)
def test_an_exponential_moving_average(options: dict[str, Any]) -> None:
    wanted = VALUES[0]
    for value in VALUES[1:]:
        wanted = 0.75 * wanted + 0.25 * value
    assert averaged_weight(**options) == pytest.approx(wanted)


def test_buffers_are_copied_or_averaged() -> None:
    model = nn.BatchNorm1d(1)
    copied, averaged = (swa_utils.AveragedModel(model, use_buffers=b) for b in (False, True))
    for value in (1.0, 4.0):
        model.running_mean.fill_(value)
        model.num_batches_tracked += 2
        copied.update_parameters(model)
        averaged.update_parameters(model)
    assert copied.module.running_mean.item() == 4 and averaged.module.running_mean.item() == 2.5
    assert averaged.module.num_batches_tracked.item() == 3
    x = engine.randn(5, 1)
    assert engine.equal(averaged.eval()(x), averaged.module(x))


def test_the_average_is_saved_with_its_count() -> None:
    model = nn.Linear(2, 1)
    averaged = swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    state = averaged.state_dict()
    assert list(state) == ["n_averaged", "module.weight", "module.bias"]
    other = swa_utils.AveragedModel(nn.Linear(2, 1))
    other.load_state_dict(state)
    assert other.n_averaged == 1 and engine.equal(other.module.weight, model.weight)


def test_update_bn() -> None:
    model = nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm1d(2, track_running_stats=False)).eval()
    data = engine.randn(30, 2, dtype=engine.float32) * 3 + 1
    model[0].running_mean.fill_(99.0)
    swa_utils.update_bn([(batch, None) for batch in data.split(10)], model)
    assert engine.allclose(model[0].running_mean, data.mean(0), atol=1e-5)
    variance = engine.stack([batch.var(0) for batch in data.split(10)]).mean(0)
    assert engine.allclose(model[0].running_var, variance, rtol=1e-5)
    assert model[0].momentum == 0.1 and not model.training


@pytest.mark.parametrize(
    ("strategy", "part"),
    [
        ("linear", lambda t: min(t / 4, 1.0)),
        ("cos", lambda t: (1 - np.cos(np.pi * min(t / 4, 1.0))) / 2),
    ],
)
def test_swalr(strategy: str, part: Callable[[int], float]) -> None:
    groups = [{"params": [nn.Parameter(engine.ones(1))], "lr": lr} for lr in (1.0, 0.1)]
    optimizer = optim.SGD(groups)
    schedule = swa_utils.SWALR(optimizer, [0.5, 0.3], 4, anneal_strategy=strategy)
    for t in range(7):
        rates = [group["lr"] for group in optimizer.param_groups]
        assert rates == pytest.approx([1.0 - 0.5 * part(t), 0.1 + 0.2 * part(t)])
        optimizer.step()
        schedule.step()
    at_once = swa_utils.SWALR(optim.SGD([nn.Parameter(engine.ones(1))]), 0.5, anneal_epochs=0)
    assert at_once.get_last_lr() == [0.5]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: swa_utils.get_ema_avg_fn(1.5), ValueError, r"decay must be in \[0, 1\], got 1.5"),
        (
            lambda: swa_utils.AveragedModel(nn.Linear(1, 1), avg_fn=len, multi_avg_fn=len),
            ValueError,
            "avg_fn and multi_avg_fn exclude each other",
        ),
        (
            lambda: swa_utils.SWALR(optim.SGD([engine.ones(1)]), 0.1, anneal_strategy="x"),
            ValueError,
            "anneal_strategy must be 'cos' or 'linear'",
        ),
        (lambda: swa_utils.SWALR(3, 0.1), TypeError, "optimizer must be an Optimizer, got int"),
    ],
)
def test_wrong_arguments(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
