"""Schedules beside the values that their definitions give."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import engine
from engine import nn, optim
from engine.optim import lr_scheduler as lrs

BASE = 0.1


def make_optimizer() -> Any:
    groups = [{"params": [nn.Parameter(engine.ones(1))]} for _ in range(2)]
    groups[1]["lr"] = 10 * BASE
    return optim.SGD(groups, lr=BASE, momentum=0.9)


def cosine(part: float, start: float = 1.0, end: float = 0.0) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def one_cycle(t: int) -> float:
    """In units of the base rate: from 2 / 25 to 2 at step 2, and to 2 / 25e4 at step 9."""
    if t <= 2:
        return cosine(t / 2, 2 / 25, 2.0)
    return cosine((t - 2) / 7, 2.0, 2 / 25e4)


def restarts(t: int) -> float:
    """Cosines of 2, 4 and 8 epochs."""
    start, length = 0, 2
    while t >= start + length:
        start, length = start + length, length * 2
    return cosine((t - start) / length)


CASES: list[tuple[Callable[[Any], Any], Callable[[int], float]]] = [
    (lambda o: lrs.LambdaLR(o, lambda t: 1 / (t + 1)), lambda t: 1 / (t + 1)),
    (lambda o: lrs.MultiplicativeLR(o, lambda t: 0.9), lambda t: 0.9**t),
    (lambda o: lrs.StepLR(o, 3, gamma=0.5), lambda t: 0.5 ** (t // 3)),
    (lambda o: lrs.MultiStepLR(o, [2, 4, 4], 0.5), lambda t: [1, 0.5, 0.125][(t >= 2) + (t >= 4)]),
    (lambda o: lrs.ConstantLR(o, 0.25, 3), lambda t: 0.25 if t < 3 else 1),
    (lambda o: lrs.LinearLR(o, 0.2, 1.0, 4), lambda t: 0.2 + 0.8 * min(t, 4) / 4),
    (lambda o: lrs.ExponentialLR(o, 0.8), lambda t: 0.8**t),
    (lambda o: lrs.PolynomialLR(o, 5, 2.0), lambda t: (1 - min(t, 5) / 5) ** 2),
    (lambda o: lrs.CosineAnnealingLR(o, 4), lambda t: cosine(t / 4)),
    (lambda o: lrs.CosineAnnealingWarmRestarts(o, 2, 2), restarts),
    (
        lambda o: lrs.OneCycleLR(o, [2 * BASE, 20 * BASE], total_steps=10),
        one_cycle,
    ),
    (
        lambda o: lrs.SequentialLR(
            o, [lrs.LinearLR(o, 0.5, total_iters=2), lrs.ExponentialLR(o, 0.5)], [3]
        ),
        lambda t: [0.5, 0.75, 1.0][t] if t < 3 else 0.5 ** (t - 3),
    ),
]
NAMES = [
    "lambda",
    "multiplicative",
    "step",
    "multi_step",
    "constant",
    "linear",
    "exponential",
    "polynomial",
    "cosine",
    "restarts",
    "one_cycle",
    "sequential",
]


def rates(optimizer: Any) -> list[float]:
    return [group["lr"] for group in optimizer.param_groups]


@pytest.mark.parametrize(("make", "factor"), CASES, ids=NAMES)
def test_values(make: Callable[[Any], Any], factor: Callable[[int], float]) -> None:
    optimizer = make_optimizer()
    schedule = make(optimizer)
    for t in range(10):
        wanted = [BASE * factor(t), 10 * BASE * factor(t)]
        assert rates(optimizer) == pytest.approx(wanted, rel=1e-9, abs=1e-12)
        assert schedule.get_last_lr() == rates(optimizer)
        optimizer.step()
        if t < 9:
            schedule.step()


@pytest.mark.parametrize(("make", "factor"), CASES, ids=NAMES)
def test_resuming(make: Callable[[Any], Any], factor: Callable[[int], float]) -> None:
    optimizer = make_optimizer()
    schedule = make(optimizer)
    for _ in range(4):
        optimizer.step()
        schedule.step()
    other = make_optimizer()
    resumed = make(other)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    resumed.load_state_dict(copy.deepcopy(schedule.state_dict()))
    for _ in range(4):
        optimizer.step()
        schedule.step()
        resumed.step()
        assert rates(other) == rates(optimizer)


@pytest.mark.parametrize(
    ("make", "factor"),
    [CASES[2], CASES[5], CASES[8], CASES[9]],
    ids=["step", "linear", "cosine", "restarts"],
)
def test_going_to_an_epoch(make: Callable[[Any], Any], factor: Callable[[int], float]) -> None:
    optimizer = make_optimizer()
    schedule = make(optimizer)
    optimizer.step()
    for t in (5, 1, 3):
        schedule.step(t)
        assert rates(optimizer) == pytest.approx([BASE * factor(t), 10 * BASE * factor(t)])


def test_one_cycle_moves_momentum_the_other_way() -> None:
    optimizer = make_optimizer()
    schedule = lrs.OneCycleLR(optimizer, 0.5, epochs=5, steps_per_epoch=2)
    seen = []
    for _ in range(10):
        seen.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if len(seen) < 10:
            schedule.step()
    assert (seen[0], min(seen), seen[-1]) == pytest.approx((0.95, 0.85, 0.95))
    adam = optim.Adam([nn.Parameter(engine.ones(1))])
    lrs.OneCycleLR(adam, 0.5, total_steps=10, anneal_strategy="linear", three_phase=True)
    assert adam.param_groups[0]["betas"] == (0.95, 0.999)
    schedule.last_epoch = 10
    with pytest.raises(ValueError, match="step 11 is beyond total_steps 10"):
        schedule.step()


def test_plateau() -> None:
    optimizer = make_optimizer()
    schedule = lrs.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1, min_lr=0.03)
    factors = []
    for metric in [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]:
        schedule.step(engine.tensor(metric))
        factors.append(optimizer.param_groups[0]["lr"])
    assert factors == pytest.approx([0.1] * 3 + [0.05] * 3 + [0.03] * 4)
    up = lrs.ReduceLROnPlateau(make_optimizer(), mode="max", threshold=0.5, threshold_mode="abs")
    assert up.is_better(2.0, 1.0) and not up.is_better(1.4, 1.0)
    relative = lrs.ReduceLROnPlateau(make_optimizer(), threshold=0.1)
    assert relative.is_better(0.8, 1.0) and not relative.is_better(0.95, 1.0)


def test_a_step_too_early_is_warned_of() -> None:
    optimizer = make_optimizer()
    schedule = lrs.ExponentialLR(optimizer, 0.9)
    with pytest.warns(UserWarning, match="before optimizer.step"):
        schedule.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh = make_optimizer()
        schedule = lrs.ExponentialLR(fresh, 0.9)
        fresh.step()
        schedule.step()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o: lrs.ExponentialLR(3, 0.5), TypeError, "must be an Optimizer, got int"),
        (lambda o: lrs.ExponentialLR(o, 0.5, last_epoch=3), KeyError, "no 'initial_lr'"),
        (lambda o: lrs.LambdaLR(o, [lambda t: 1.0]), ValueError, "expected 2 functions"),
        (lambda o: lrs.LinearLR(o, 0.0), ValueError, "start_factor must be in"),
        (lambda o: lrs.ConstantLR(o, 2.0), ValueError, "factor must be between 0 and 1"),
        (lambda o: lrs.OneCycleLR(o, 0.5), ValueError, "give total_steps"),
        (lambda o: lrs.OneCycleLR(o, [0.5], total_steps=9), ValueError, "max_lr: expected 2"),
        (lambda o: lrs.SequentialLR(o, [], []), ValueError, "0 schedules need 0 milestones"),
        (lambda o: lrs.CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0 must be a positive"),
        (lambda o: lrs.ReduceLROnPlateau(o, mode="low"), ValueError, "mode must be 'min' or 'max'"),
    ],
)
def test_what_is_wrong_is_named(
    make: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make(make_optimizer())
