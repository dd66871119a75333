"""Lazy layers, which infer their sizes from the first input."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import engine
from engine import nn


def test_a_network_becomes_plain_layers() -> None:
    net = nn.Sequential(
        nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5)
    )
    assert repr(net[0]) == "LazyConv2d(0, 4, kernel_size=(3, 3), stride=(1, 1))"
    assert repr(net[4]) == "LazyLinear(in_features=0, out_features=5, bias=True)"
    assert net[1].has_uninitialized_params()
    net.double()
    net(engine.ones(2, 3, 6, 6, dtype=engine.float64)).sum().backward()
    assert [type(m) for m in net] == [
        nn.Conv2d,
        nn.BatchNorm2d,
        nn.ReLU,
        nn.Flatten,
        nn.Linear,
    ]
    shapes = [tuple(p.shape) for p in net.parameters()]
    assert shapes == [(4, 3, 3, 3), (4,), (4,), (4,), (5, 64), (5,)]
    assert all(type(p) is nn.Parameter and p.dtype == engine.float64 for p in net.parameters())
    assert net[1].running_var.shape == (4,) and net[0]._call_hooks is None


@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose", "BatchNorm", "InstanceNorm"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_lazy_layer(kind: str, n: int) -> None:
    arguments = (4, 2) if "Conv" in kind else ()
    layer: Any = getattr(nn, f"Lazy{kind}{n}d")(*arguments)
    result = layer(engine.randn(2, 3, *[4] * n))
    assert type(layer).__name__ == f"{kind}{n}d"
    assert result.shape[1] == (4 if "Conv" in kind else 3)


def test_loading_initialises() -> None:
    layer: Any = nn.LazyLinear(5, bias=False)
    layer.load_state_dict({"weight": engine.ones(5, 3)})
    assert layer(engine.ones(3)).tolist() == [3.0] * 5
    assert repr(layer) == "Linear(in_features=3, out_features=5, bias=False)"


def test_copies_and_states_of_uninitialised_layers() -> None:
    layer = nn.LazyLinear(2)
    twin, back = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    for one, features in ((twin, 3), (back, 4)):
        one(engine.ones(features))
        assert one.weight.shape == (2, features)
    assert list(layer.state_dict()) == ["weight", "bias"]
    layer.load_state_dict(nn.LazyLinear(2).state_dict())
    assert layer.has_uninitialized_params()


def test_an_uninitialized_parameter_has_no_values() -> None:
    weight = nn.UninitializedParameter(dtype=engine.float64)
    with pytest.raises(RuntimeError, match="shape of an uninitialized parameter"):
        weight.shape  # noqa: B018
    for use in (
        lambda: weight + 1,
        lambda: weight.numel(),
        lambda: weight.sum(),
        lambda: weight[0],
    ):
        with pytest.raises(ValueError, match="has no values before materialize"):
            use()
    weight.materialize((2, 3))
    assert type(weight) is nn.Parameter and weight.shape == (2, 3)
    assert weight.dtype == engine.float64 and weight.requires_grad
    with pytest.raises(ValueError, match="input must have 3 or 4 dimensions"):
        nn.LazyConv2d(2, 3)(engine.ones(2, 2))
