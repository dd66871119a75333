"""Calling modules with given tensors."""

from __future__ import annotations

from typing import Any

import pytest

import engine
from engine import nn
from engine.func import functional_call, stack_module_state

X = engine.tensor([[1.0, 2.0]])


def test_the_given_tensors_are_used_and_get_the_gradient() -> None:
    net = nn.Sequential(nn.Linear(2, 1, bias=False), nn.BatchNorm1d(1, affine=False))
    own = net[0].weight
    weight = engine.ones(1, 2, requires_grad=True)
    net.eval()
    functional_call(net, {"0.weight": weight}, (X,)).sum().backward()
    assert weight.grad is not None and own.grad is None and net[0].weight is own
    replaced = ({"0.weight": weight}, {"1.running_mean": engine.tensor([2.0])})
    got = functional_call(net, replaced, X)
    assert got.item() == pytest.approx(1.0, abs=1e-4) and net[1].running_mean.tolist() == [0.0]


def test_the_module_is_restored_after_an_error() -> None:
    layer = nn.Linear(2, 1)
    own = layer.weight
    with pytest.raises(RuntimeError):
        functional_call(layer, {"weight": engine.ones(1, 3)}, (X,))
    assert layer.weight is own


def test_tied_weights() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x: Any) -> Any:
            return self.a(x) + self.b(x)

    eye = {"a.weight": engine.eye(2)}
    assert functional_call(Tied(), eye, X).tolist() == [[2.0, 4.0]]
    net = Tied()
    apart = functional_call(net, eye, X, tie_weights=False)
    assert engine.allclose(apart, X + X @ net.a.weight.T)
    with pytest.raises(ValueError, match="one tied tensor"):
        functional_call(Tied(), {**eye, "b.weight": engine.ones(2, 2)}, X)


def test_strict_names() -> None:
    layer = nn.Linear(2, 1)
    with pytest.raises(RuntimeError, match=r"missing names \['bias'\]"):
        functional_call(layer, {"weight": engine.ones(1, 2)}, X, strict=True)
    extra = {"weight": engine.ones(1, 2), "bias": engine.zeros(1), "foo": engine.zeros(1)}
    assert functional_call(layer, extra, X).item() == 3.0 and not hasattr(layer, "foo")
    with pytest.raises(ValueError, match="names in common"):
        functional_call(layer, (extra, extra), X)


def test_stacking() -> None:
    models = [nn.BatchNorm1d(2) for _ in range(3)]
    params, buffers = stack_module_state(models)
    assert params["weight"].shape == (3, 2) and params["weight"].is_leaf
    assert params["weight"].requires_grad and not buffers["running_mean"].requires_grad
    with pytest.raises(RuntimeError, match="must not be empty"):
        stack_module_state([])
