"""The schedule of the scale, and skipped steps for gradients that are not finite."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import engine
from engine import nn, optim
from engine.amp import GradScaler


def make(**options: Any) -> tuple[Any, Any, Any]:
    weight = nn.Parameter(engine.ones(2))
    options = {"init_scale": 8.0, "growth_interval": 2, **options}
    return weight, optim.SGD([weight], lr=0.5), GradScaler("cpu", **options)


def iterate(weight: Any, optimizer: Any, scaler: Any, slope: float) -> None:
    optimizer.zero_grad()
    scaler.scale((weight * slope).sum()).backward()
    scaler.step(optimizer)
    scaler.update()


def test_the_scale_grows_and_backs_off() -> None:
    weight, optimizer, scaler = make(growth_factor=4.0, backoff_factor=0.25)
    scales, values = [], []
    for slope in (1.0, 1.0, 1.0, math.inf, 1.0, 1.0, math.nan):
        iterate(weight, optimizer, scaler, slope)
        scales.append(scaler.get_scale())
        values.append(weight[0].item())
    assert scales == [8, 32, 32, 8, 8, 32, 8]
    assert values == [0.5, 0.0, -0.5, -0.5, -1.0, -1.5, -1.5]


def test_the_scale_stays_finite() -> None:
    weight, optimizer, scaler = make(init_scale=2.0**127, growth_interval=1)
    iterate(weight, optimizer, scaler, 2.0**-100)
    assert scaler.get_scale() == 2.0**127


def test_unscaling_before_clipping() -> None:
    weight, optimizer, scaler = make()
    scaler.scale((weight * 4.0).sum()).backward()
    assert weight.grad.tolist() == [32.0, 32.0]
    scaler.unscale_(optimizer)
    assert weight.grad.tolist() == [4.0, 4.0]
    scaler.step(optimizer)
    assert weight.tolist() == [-1.0, -1.0]
    with pytest.raises(RuntimeError, match="step: has been called"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_: call it before step\(\)"):
        scaler.unscale_(optimizer)
    scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="unscale_: has been called"):
        scaler.unscale_(optimizer)


def test_one_optimizer_of_two_overflows() -> None:
    weight, first, scaler = make()
    other = nn.Parameter(engine.ones(1))
    second = optim.SGD([other], lr=0.5)
    scaler.scale([weight.sum() * math.inf, other.sum()])[0].backward()
    scaler.scale(other.sum()).backward()
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    assert weight[0].item() == 1 and other.item() == 0.5 and scaler.get_scale() == 4


def test_scaling_keeps_containers_and_dtypes() -> None:
    _, _, scaler = make()
    outputs = scaler.scale((engine.ones(1), [engine.ones(1, dtype=engine.float16)]))
    assert outputs[0].item() == 8 and outputs[1][0].dtype == engine.float16
    assert [y.item() for y in scaler.scale(iter([engine.ones(1)]))] == [8]


def test_not_enabled() -> None:
    weight, optimizer, scaler = make(enabled=False)
    iterate(weight, optimizer, scaler, 1.0)
    assert weight[0].item() == 0.5 and scaler.get_scale() == 1.0 and not scaler.is_enabled()
    assert scaler.state_dict() == {} and optimizer.step(lambda: 3) == 3
    with pytest.warns(UserWarning, match="there is no device 'cuda' here"):
        assert not GradScaler().is_enabled()


def test_state() -> None:
    weight, optimizer, scaler = make()
    iterate(weight, optimizer, scaler, 1.0)
    state = scaler.state_dict()
    assert state == {
        "scale": 8.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 2,
        "_growth_tracker": 1,
    }
    other = GradScaler("cpu")
    other.load_state_dict(state)
    iterate(weight, optimizer, other, 1.0)
    assert other.get_scale() == 16
    twin = pickle.loads(pickle.dumps(scaler))
    assert twin.state_dict() == copy.deepcopy(scaler).state_dict() == state
    scaler.update(new_scale=3.0)
    assert scaler.get_scale() == 3
    with pytest.raises(RuntimeError, match="the state is empty"):
        other.load_state_dict({})


def half_step(_: Any) -> None:
    weight, optimizer, scaler = make()
    weight.data = weight.data.half()
    iterate(weight, optimizer, scaler, 1.0)


def step_without_gradients(_: Any) -> None:
    _, optimizer, scaler = make()
    scaler.scale(engine.ones(1))
    scaler.step(optimizer)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda o: GradScaler("cpu", growth_factor=1.0), ValueError, "growth_factor must be more"),
        (
            lambda o: GradScaler("cpu", backoff_factor=1),
            ValueError,
            r"backoff_factor must be in \(",
        ),
        (lambda o: GradScaler("cpu", init_scale="x"), TypeError, "argument 'init_scale'"),
        (lambda o: GradScaler("cpu", growth_interval=0), ValueError, "growth_interval must be pos"),
        (lambda o: GradScaler("cpu").scale("loss"), ValueError, "outputs must be a Tensor"),
        (lambda o: GradScaler("cpu").step(o), AssertionError, r"step: call scale\(\) on the loss"),
        (lambda o: GradScaler("cpu").step(o, closure=len), RuntimeError, "takes no closure"),
        (lambda o: GradScaler("cpu").update(), AssertionError, r"update: call scale\(\)"),
        (step_without_gradients, AssertionError, "no gradients to check"),
        (half_step, ValueError, "gradients in float16 cannot be unscaled"),
    ],
)
def test_wrong_use(call: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(make()[1])
