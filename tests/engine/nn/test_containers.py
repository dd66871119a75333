"""Sequential, lists and dicts of modules and parameters."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import engine
from engine import nn


def test_sequential_runs_in_order() -> None:
    net = nn.Sequential(OrderedDict(up=nn.Linear(2, 3), act=nn.ReLU()))
    assert list(net.state_dict()) == ["up.weight", "up.bias"]
    x = engine.randn(4, 2)
    assert engine.equal(net(x), net.up(x).relu())
    assert net[-1] is net.act


def test_sequential_is_a_list() -> None:
    a, b, c, d = (nn.Linear(i, i + 1) for i in range(1, 5))
    net = nn.Sequential(a, b, c)
    assert [len(net), net[1:][0] is b, net[-1] is c] == [3, True, True]
    net.insert(0, d)
    assert list(net) == [d, a, b, c]
    assert net.pop(0) is d and list(net) == [a, b, c]
    del net[1]
    assert list(net) == [a, c] and list(net.state_dict()) == [
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
    ]
    net[0] = b
    assert list(net.append(d)) == [b, c, d]
    assert list(net + nn.Sequential(a)) == [b, c, d, a]
    del net[:2]
    assert list(net) == [d]
    with pytest.raises(IndexError, match="Sequential: index 1 is out of range of 1"):
        net[1]


def test_module_list() -> None:
    layers = nn.ModuleList([nn.Linear(1, 1)])
    layers += [nn.ReLU(), nn.ReLU()]
    layers.extend([nn.Linear(2, 2)])
    assert len(layers) == 4 and isinstance(layers[1:3], nn.ModuleList)
    assert layers[-1] in layers and nn.ReLU() not in layers
    assert repr(layers) == (
        "ModuleList(\n"
        "  (0): Linear(in_features=1, out_features=1, bias=True)\n"
        "  (1-2): 2 x ReLU()\n"
        "  (3): Linear(in_features=2, out_features=2, bias=True)\n"
        ")"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"
    assert len(layers + [nn.ReLU()]) == 5


def test_module_dict() -> None:
    heads = nn.ModuleDict({"a": nn.Linear(1, 1)})
    heads["b"] = nn.ReLU()
    heads.update([("c", nn.Tanh())])
    assert list(heads) == list(heads.keys()) == ["a", "b", "c"] and len(heads) == 3
    assert isinstance(heads.pop("b"), nn.ReLU) and "b" not in heads
    del heads["c"]
    assert [name for name, _ in heads.items()] == ["a"]
    with pytest.raises(KeyError):
        heads["b"]
    heads.clear()
    assert not list(heads.values())


def test_parameter_list() -> None:
    weights = nn.ParameterList([engine.zeros(2), nn.Parameter(engine.ones(1))])
    weights.append(engine.full((3,), 2.0))
    assert len(weights) == 3 and all(isinstance(w, nn.Parameter) for w in weights)
    assert list(weights.state_dict()) == ["0", "1", "2"]
    weights[-1] = engine.zeros(1)
    assert weights[2].tolist() == [0.0] and len(weights[1:]) == 2
    assert "(0): Parameter containing: [engine.float32 of size 2]" in repr(weights)
    with pytest.raises(IndexError, match="out of range"):
        weights[3]


def test_parameter_dict() -> None:
    scales = nn.ParameterDict({"a": engine.ones(1)})
    scales["b"] = nn.Parameter(engine.zeros(2))
    assert list(scales.keys()) == ["a", "b"] and len(list(scales.parameters())) == 2
    assert scales.get("c") is None and scales.pop("a").tolist() == [1.0]
    assert [name for name, _ in scales.items()] == ["b"] and len(scales) == 1
    assert [value.tolist() for value in scales.values()] == [[0.0, 0.0]]
    with pytest.raises(KeyError, match="attribute of the module"):
        scales["forward"] = engine.ones(1)
    with pytest.raises(KeyError):
        scales["a"]


def test_sequential_repeats_copies() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    twice = net * 2
    assert len(twice) == 4 and twice[0] is net[0] and twice[2] is not net[0]
    net *= 2
    assert len(net) == 4 and len(3 * nn.Sequential(nn.ReLU())) == 3
    with pytest.raises(TypeError, match="repeated a positive number of times, got 0"):
        net * 0
    with pytest.raises(IndexError, match="index 9 is out of range of 4"):
        net.insert(9, nn.ReLU())
    assert net.insert(0, nn.Tanh()) is net and isinstance(net[0], nn.Tanh)


def test_parameter_dict_is_a_dict() -> None:
    scales = nn.ParameterDict({"a": engine.ones(1), "b": engine.zeros(2)})
    assert list(reversed(scales)) == ["b", "a"] and scales.setdefault("c", None) is None
    assert list(scales | nn.ParameterDict({"d": engine.ones(1)})) == ["a", "b", "c", "d"]
    scales |= {"e": engine.ones(1)}
    assert scales.popitem()[0] == "e" and list(scales.copy()) == ["a", "b", "c"]
    assert list(scales.fromkeys(["x", "y"], engine.ones(1)).state_dict()) == ["x", "y"]
    scales.clear()
    assert len(scales) == 0 and not list(scales.parameters())
