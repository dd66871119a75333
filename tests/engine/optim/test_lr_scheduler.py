"""Schedulers beside the values of their definitions."""

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


def triangle(t: int) -> float:
    """A triangle from 1 to 2 in three steps, and back."""
    return 1 + min(t % 6, 6 - t % 6) / 3


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
    (lambda o: lrs.CyclicLR(o, [BASE, 10 * BASE], [2 * BASE, 20 * BASE], 3), triangle),
    (
        lambda o: lrs.CyclicLR(
            o, [BASE, 10 * BASE], [2 * BASE, 20 * BASE], 3, 1, mode="triangular2"
        ),
        lambda t: 1 + min(t % 4 / 3, 4 - t % 4) / 2 ** (t // 4),
    ),
    (
        lambda o: lrs.CyclicLR(
            o, [BASE, 10 * BASE], [2 * BASE, 20 * BASE], 3, mode="exp_range", gamma=0.9
        ),
        lambda t: 1 + (triangle(t) - 1) * 0.9**t,
    ),
    (
        lambda o: lrs.ChainedScheduler([lrs.ConstantLR(o, 0.5, 3), lrs.ExponentialLR(o, 0.8)]),
        lambda t: (0.5 if t < 3 else 1.0) * 0.8**t,
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
    "triangular",
    "triangular2",
    "exp_range",
    "chained",
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


def test_cyclic_moves_momentum_the_other_way() -> None:
    optimizer = make_optimizer()
    schedule = lrs.CyclicLR(optimizer, 0.1, 0.2, 2, base_momentum=0.5, max_momentum=0.75)
    seen = []
    for _ in range(4):
        seen.append(optimizer.param_groups[1]["momentum"])
        optimizer.step()
        schedule.step()
    assert seen == pytest.approx([0.75, 0.625, 0.5, 0.625])
    adam = optim.Adam([nn.Parameter(engine.ones(1))])
    lrs.CyclicLR(adam, 0.1, 0.2)
    assert adam.param_groups[0]["betas"] == (0.9, 0.999)
    with pytest.raises(ValueError, match="cycle_momentum needs an optimizer with momentum"):
        lrs.CyclicLR(optim.Adagrad([nn.Parameter(engine.ones(1))]), 0.1, 0.2)


def test_cyclic_with_a_scale_of_ones_own() -> None:
    optimizer = make_optimizer()
    schedule = lrs.CyclicLR(
        optimizer, 0.0, 1.0, 2, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
    )
    seen = []
    for _ in range(5):
        seen.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert seen == pytest.approx([0, 0.5 / 2, 1 / 3, 0.5 / 4, 0])
    assert schedule.state_dict()["_scale_fn_custom"] is None


def test_a_schedule_of_ones_own() -> None:
    class WarmUp(lrs._LRScheduler):
        def get_lr(self) -> list[float]:
            return [lr * min(1.0, (self.last_epoch + 1) / 4) for lr in self.base_lrs]

    optimizer = make_optimizer()
    schedule = WarmUp(optimizer)
    for t in range(5):
        assert rates(optimizer)[0] == pytest.approx(BASE * min(1.0, (t + 1) / 4))
        optimizer.step()
        schedule.step()
    schedule.step(1)
    assert rates(optimizer)[0] == pytest.approx(BASE / 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: lrs.ExponentialLR(o, 0.5, 3),
        lambda o: lrs.MultiplicativeLR(o, lambda t: 0.5, 3),
        lambda o: lrs.LinearLR(o, last_epoch=3),
        lambda o: lrs.PolynomialLR(o, last_epoch=3),
        lambda o: lrs.CosineAnnealingLR(o, 5, last_epoch=3),
    ],
)
def test_resuming_at_an_epoch_keeps_the_rate(make: Callable[[Any], Any]) -> None:
    """With last_epoch the groups' rates are already those of the next epoch."""
    optimizer = make_optimizer()
    for group in optimizer.param_groups:
        group["initial_lr"] = 7.0
    schedule = make(optimizer)
    assert schedule.last_epoch == 4 and rates(optimizer) == [BASE, 10 * BASE]


def test_plateau() -> None:
    optimizer = make_optimizer()
    schedule = lrs.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1, min_lr=0.03)
    factors = []
    for metric in [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]:
        schedule.step(engine.tensor(metric))
        factors.append(optimizer.param_groups[0]["lr"])
    assert factors == pytest.approx([0.1] * 3 + [0.05] * 3 + [0.03] * 4)
    up = lrs.ReduceLROnPlateau(make_optimizer(), mode="max", threshold=0.5, threshold_mode="abs")
    assert up._is_better(2.0, 1.0) and not up._is_better(1.4, 1.0)
    relative = lrs.ReduceLROnPlateau(make_optimizer(), threshold=0.1)
    assert relative._is_better(0.8, 1.0) and not relative._is_better(0.95, 1.0)


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
        (lambda o: lrs.ExponentialLR(3, 0.5), TypeError, "optimizer.*expected Optimizer, got int"),
        (lambda o: lrs.ExponentialLR(o, 0.5, last_epoch=3), KeyError, "no 'initial_lr'"),
        (lambda o: lrs.LambdaLR(o, [lambda t: 1.0]), ValueError, "lr_lambda must have 2 values"),
        (lambda o: lrs.LinearLR(o, 0.0), ValueError, "start_factor must be in"),
        (lambda o: lrs.ConstantLR(o, 2.0), ValueError, r"factor must be in \[0, 1\]"),
        (
            lambda o: lrs.ExponentialLR(o, "x"),
            TypeError,
            "argument 'gamma': expected float, got str",
        ),
        (lambda o: lrs.StepLR(o, 0), ValueError, "StepLR: step_size must be positive, got 0"),
        (lambda o: lrs.MultiStepLR(o, 3), TypeError, "MultiStepLR: argument 'milestones'"),
        (lambda o: lrs.CosineAnnealingLR(o, 0), ValueError, "T_max must be positive, got 0"),
        (lambda o: lrs.MultiplicativeLR(o, 0.5), TypeError, "argument 'lr_lambda'"),
        (lambda o: lrs.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor must be less than 1"),
        (lambda o: lrs.CyclicLR(o, 0.1, 0.2, mode="x"), ValueError, "mode must be 'triangular',"),
        (lambda o: lrs.CyclicLR(o, 0.1, 0.2, 0), ValueError, "step_size_up must be positive"),
        (lambda o: lrs.ChainedScheduler([3]), TypeError, "argument 'schedulers'.*got list of int"),
        (
            lambda o: lrs.ChainedScheduler([lrs.ReduceLROnPlateau(o)]),
            ValueError,
            r"schedulers\[0\] is a ReduceLROnPlateau, whose step needs a metric",
        ),
        (
            lambda o: lrs.ChainedScheduler([lrs.StepLR(o, 1)], make_optimizer()),
            ValueError,
            r"schedulers\[0\] is of another optimizer",
        ),
        (lambda o: lrs.OneCycleLR(o, 0.5), ValueError, "give total_steps"),
        (
            lambda o: lrs.OneCycleLR(o, [0.5], total_steps=9),
            ValueError,
            "max_lr must have 2 values",
        ),
        (lambda o: lrs.SequentialLR(o, [], []), ValueError, "schedulers must be a list"),
        (lambda o: lrs.CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0 must be positive"),
        (lambda o: lrs.ReduceLROnPlateau(o, mode="low"), ValueError, "mode must be 'min' or 'max'"),
    ],
)
def test_wrong_arguments(make: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(make_optimizer())
