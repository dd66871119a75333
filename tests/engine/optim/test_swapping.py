"""Optimizers that run on other parameters for a while."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import engine
from engine.optim import AdamW, swap_in_optimizer_params_and_state as swap


def stepped(count: int) -> tuple[list[Any], AdamW]:
    params = [engine.nn.Parameter(engine.full((2,), float(i + 1))) for i in range(count)]
    optimizer = AdamW([{"params": params[:1], "lr": 0.5}, {"params": params[1:]}])
    for p in params:
        p.grad = engine.ones(2)
    optimizer.step()
    return params, optimizer


def test_steps_change_the_given_tensors_alone() -> None:
    params, optimizer = stepped(3)
    before = [p.detach().clone() for p in params]
    twins, twin = stepped(3)
    saved = copy.deepcopy(twin.state_dict())
    saved["param_groups"][0]["lr"] = 0.25
    other = {str(i): t.detach().clone() for i, t in enumerate(twins)}
    for t in other.values():
        t.grad = engine.ones(2)
    with swap(optimizer, other, saved):
        assert optimizer.param_groups[0]["lr"] == 0.25
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == 0.5 and saved["state"][0]["step"] == 2
    assert all(map(engine.equal, params, before)) and optimizer.state[params[0]]["step"] == 1
    assert optimizer.param_groups[1]["params"][0] is params[1]
    twin.param_groups[0]["lr"] = 0.25
    twin.step()
    assert all(map(engine.equal, other.values(), twins))


def test_what_does_not_match() -> None:
    params, optimizer = stepped(2)
    saved = optimizer.state_dict()
    with pytest.raises(RuntimeError, match="expected one with state"), swap(AdamW(params), {}, {}):
        pass
    with pytest.raises(RuntimeError, match="expected a state_dict"), swap(optimizer, {}, {}):
        pass
    with pytest.raises(RuntimeError, match="got 0, which do not match"), swap(optimizer, {}, saved):
        pass
    given = {str(i): p for i, p in enumerate(params)}
    saved["state"][7] = {}
    with pytest.raises(RuntimeError, match="state of no parameter"), swap(optimizer, given, saved):
        pass
    assert optimizer.param_groups[0]["params"][0] is params[0]
