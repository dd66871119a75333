"""Parametrized tensors: registering, reading, assigning, copying, removing."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn.utils import parametrize
from tests.engine.nn.reference import array, close, draw, tensor

W = draw(3, 3)
SYMMETRIC = np.triu(W) + np.triu(W, 1).T


class Symmetric(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.triu() + x.triu(1).T

    def right_inverse(self, x: Any) -> Any:
        return x.triu()


class Double(nn.Module):
    def forward(self, x: Any) -> Any:
        return 2 * x


class RankOne(nn.Module):
    def forward(self, column: Any, row: Any) -> Any:
        return column @ row

    def right_inverse(self, x: Any) -> Any:
        return x[:, :1], x[:1]


def layer(*parametrizations: nn.Module) -> Any:
    made: Any = nn.Linear(3, 3, bias=False).double()
    made.weight.data = tensor(W)
    for one in parametrizations:
        parametrize.register_parametrization(made, "weight", one)
    return made


def test_a_parametrized_layer() -> None:
    made = layer(Symmetric())
    assert isinstance(made, nn.Linear) and type(made).__name__ == "ParametrizedLinear"
    assert parametrize.type_before_parametrizations(made) is nn.Linear
    assert parametrize.is_parametrized(made) and parametrize.is_parametrized(made, "weight")
    assert not parametrize.is_parametrized(made, "bias")
    assert list(made.state_dict()) == ["parametrizations.weight.original"]
    close(made.weight, SYMMETRIC)
    close(made.parametrizations.weight.original, np.triu(W))
    made(engine.ones(1, 3, dtype=engine.float64)).sum().backward()
    grad = array(made.parametrizations.weight.original.grad)
    np.testing.assert_array_equal(grad, np.triu(2 * np.ones((3, 3)), 1) + np.eye(3))
    assert repr(made) == (
        "ParametrizedLinear(\n  in_features=3, out_features=3, bias=False\n"
        "  (parametrizations): ModuleDict(\n    (weight): ParametrizationList(\n"
        "      (0): Symmetric()\n    )\n  )\n)"
    )


def test_the_registered_parameter_stays_itself() -> None:
    made: Any = nn.Linear(3, 3)
    weight = made.weight
    parametrize.register_parametrization(made, "weight", Symmetric())
    assert made.parametrizations.weight.original is weight
    parametrize.remove_parametrizations(made, "weight")
    assert made.weight is weight and type(made) is nn.Linear
    assert list(made.state_dict()) == ["bias", "weight"]


def test_a_chain_and_the_cache() -> None:
    made = layer(Symmetric(), Double())
    close(made.weight, 2 * SYMMETRIC)
    assert made.weight is not made.weight
    with parametrize.cached():
        first = made.weight
        assert made.weight is first
    assert made.weight is not first


def test_assigning_runs_the_inverse() -> None:
    made = layer(Symmetric())
    made.weight = engine.eye(3, dtype=engine.float64)
    close(made.weight, np.eye(3))
    with pytest.raises(RuntimeError, match="Double has no right_inverse"):
        layer(Double()).weight = engine.eye(3, dtype=engine.float64)
    with pytest.raises(ValueError, match=r"must return engine\.float64 tensors"):
        made.weight = engine.eye(3)


def test_several_originals() -> None:
    made = layer(RankOne())
    assert [n for n, _ in made.named_parameters()] == [
        "parametrizations.weight.original0",
        "parametrizations.weight.original1",
    ]
    close(made.weight, W[:, :1] @ W[:1])
    with pytest.raises(ValueError, match="needs a single original tensor, 'weight' has 2"):
        parametrize.remove_parametrizations(made, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(made, "weight")
    assert isinstance(made.weight, nn.Parameter) and not hasattr(made, "parametrizations")
    close(made.weight, W[:, :1] @ W[:1])


def test_a_copy_is_independent() -> None:
    made = layer(Symmetric())
    twin = copy.deepcopy(made)
    parametrize.remove_parametrizations(made, "weight", leave_parametrized=False)
    close(made.weight, np.triu(W))
    close(twin.weight, SYMMETRIC)
    with pytest.raises(RuntimeError, match=r"cannot be pickled: save its state_dict\(\)"):
        pickle.dumps(twin)


def test_transfer_to_another_module() -> None:
    source, target = layer(Symmetric()), layer()
    parametrize.transfer_parametrizations_and_params(source, target)
    target.parametrizations.weight.original.data.add_(1)
    close(source.weight, SYMMETRIC)
    close(target.weight, np.triu(W + 1) + np.triu(W + 1, 1).T)


def test_a_buffer() -> None:
    norm: Any = nn.BatchNorm1d(2)
    parametrize.register_parametrization(norm, "running_var", Double())
    assert norm.running_var.tolist() == [2.0, 2.0]
    assert "parametrizations.running_var.original" in dict(norm.named_buffers())


def test_errors() -> None:
    class Half(nn.Module):
        def forward(self, x: Any) -> Any:
            return x[:1]

    with pytest.raises(ValueError, match=r"must keep dtype and shape unless unsafe=True.*\(1, 3\)"):
        layer(Half())
    unsafe = parametrize.register_parametrization(layer(), "weight", Half(), unsafe=True)
    assert tuple(unsafe.weight.shape) == (1, 3)  # type: ignore[union-attr]
    with pytest.raises(ValueError, match=r"Linear has no parameter, buffer or .*'foo'"):
        parametrize.register_parametrization(layer(), "foo", Double())
    with pytest.raises(ValueError, match="Linear has no parametrization on 'weight'"):
        parametrize.remove_parametrizations(layer(), "weight")
