"""Gradients at special points: kinks, ties, infinities, boundaries of a domain."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import engine

F = engine.nn.functional
INF, NAN = math.inf, math.nan


def slopes(f: Callable[..., engine.Tensor], *args: float) -> list[float]:
    tensors = [engine.tensor([x], requires_grad=True) for x in args]
    f(*tensors).sum().backward()
    return [t.grad.item() for t in tensors]


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        (engine.atan2, (0.0, 0.0), [0, 0]),
        (engine.atan2, (0.0, -1.0), [-1, 0]),
        (engine.atan2, (3e30, 4e30), [4 / 25e30, -3 / 25e30]),
        (engine.atan2, (3e-30, 4e-30), [4 / 25e-30, -3 / 25e-30]),
        (engine.hypot, (0.0, 0.0), [0, 0]),
        (engine.logit, (0.0,), [INF]),
        (engine.logit, (-0.0,), [INF]),
        (engine.logit, (1.0,), [INF]),
        (engine.logit, (-0.5,), [NAN]),
        (engine.logit, (2.0,), [NAN]),
        (engine.prelu, (2.0, NAN), [1, 0]),
        (F.elu, (-20.0,), [math.exp(-20)]),
        (F.selu, (-20.0,), [1.7580993408473766 * math.exp(-20)]),
        (engine.sinc, (1e-3,), [-(math.pi**2) * 1e-3 / 3]),
        (engine.sinc, (0.0,), [0]),
        (engine.prelu, (-2.0, NAN), [NAN, -2]),
        (F.mish, (1e30,), [1]),
        (F.mish, (INF,), [1]),
        (F.mish, (NAN,), [NAN]),
        (F.smooth_l1_loss, (0.0, INF), [-1, 1]),
        (F.smooth_l1_loss, (0.5, 0.0), [0.5, -0.5]),
        (F.smooth_l1_loss, (1.0, 0.0), [1, -1]),
        (F.huber_loss, (-INF, 0.0), [-1, 1]),
        (F.huber_loss, (0.5, 0.0), [0.5, -0.5]),
        (F.binary_cross_entropy, (0.0, 1.0), [-1e12, 100]),
    ],
)
def test_slope(
    f: Callable[..., engine.Tensor], args: tuple[float, ...], expected: list[float]
) -> None:
    assert slopes(f, *args) == pytest.approx(expected, rel=1e-5, nan_ok=True)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, -INF, NAN])
def test_probabilities_are_between_0_and_1(wrong: float) -> None:
    good, bad = engine.full((100,), 0.5), engine.full((100,), 0.5)
    bad[70] = wrong
    for x, target, name in ((bad, good, "self"), (good, bad, "target")):
        with pytest.raises(
            RuntimeError, match=rf"{name}: expected values from 0 to 1, got {wrong}"
        ):
            F.binary_cross_entropy(x, target)
    for edge in (0.0, 1.0):
        assert F.binary_cross_entropy(engine.tensor([edge]), engine.tensor([edge])).item() == 0
