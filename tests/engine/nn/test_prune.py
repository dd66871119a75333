"""Pruning by masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn.utils import prune
from tests.engine.nn.reference import array, close, tensor

W = np.array([[0.1, -2.0, 0.3], [4.0, 0.5, -6.0]])


def layer() -> Any:
    made: Any = nn.Linear(3, 2)
    made.weight.data = tensor(W)
    made.bias.data = tensor(np.array([0.2, -1.0]))
    return made


def test_l1_keeps_the_largest() -> None:
    made = prune.l1_unstructured(layer(), "weight", amount=3)
    close(made.weight, np.where(abs(W) > 0.5, W, 0))
    assert [n for n, _ in made.named_parameters()] == ["bias", "weight_orig"]
    assert [n for n, _ in made.named_buffers()] == ["weight_mask"] and prune.is_pruned(made)
    made(engine.ones(1, 3, dtype=engine.float64)).sum().backward()
    np.testing.assert_array_equal(array(made.weight_orig.grad), abs(W) > 0.5)


def test_masks_accumulate() -> None:
    made = prune.l1_unstructured(layer(), "weight", amount=1)
    prune.l1_unstructured(made, "weight", amount=0.4)  # of the five that are left
    assert int(made.weight_mask.sum()) == 3
    (method,) = made._forward_pre_hooks.values()
    assert isinstance(method, prune.PruningContainer) and len(method) == 2
    prune.ln_structured(made, "weight", amount=1, n=2, dim=0)
    close(made.weight_mask, [[0, 0, 0], [1, 0, 1]])
    close(made.weight, W * [[0, 0, 0], [1, 0, 1]])


def test_structured() -> None:
    made = prune.ln_structured(layer(), "weight", amount=1, n=1, dim=1)
    close(made.weight_mask, np.ones((2, 3)) * [1, 0, 1])
    rows = prune.random_structured(layer(), "weight", amount=0.5, dim=0)
    assert sorted(array(rows.weight_mask).sum(1)) == [0, 3]


def test_random_and_identity() -> None:
    assert int(prune.random_unstructured(layer(), "weight", 4).weight_mask.sum()) == 2
    close(prune.identity(layer(), "weight").weight, W)


def test_global_pruning_is_over_all() -> None:
    first, second = layer(), layer()
    second.weight.data.mul_(0.1)
    pairs = [(first, "weight"), (second, "weight"), (second, "bias")]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=6)
    close(first.weight_mask, abs(W) > 0.1)
    close(second.weight_mask, [[0, 0, 0], [1, 0, 1]])
    close(second.bias_mask, [0, 1])


def test_a_mask_of_ones_own_and_removal() -> None:
    made = prune.custom_from_mask(layer(), "bias", engine.tensor([1, 0]))
    close(made.bias, [0.2, 0.0])
    parameter = made.bias_orig
    prune.remove(made, "bias")
    assert made.bias is parameter and not prune.is_pruned(made)
    close(made.bias, [0.2, 0.0])
    assert sorted(made.state_dict()) == ["bias", "weight"]


def test_errors_leave_the_module_unchanged() -> None:
    made = layer()
    for call, error, message in [
        (lambda: prune.l1_unstructured(made, "weight", 7), ValueError, "7 is more than the 6"),
        (lambda: prune.l1_unstructured(made, "weight", 1.5), ValueError, "from 0 to 1 .* got 1.5"),
        (
            lambda: prune.l1_unstructured(made, "weight", "a"),
            TypeError,
            "must be an int or a float",
        ),
        (lambda: prune.ln_structured(made, "bias", 1, 2, 0), ValueError, "needs 2 dimensions"),
        (lambda: prune.remove(made, "bias"), ValueError, "'bias' of Linear is not pruned"),
    ]:
        with pytest.raises(error, match=message):
            call()
    assert list(made.state_dict()) == ["weight", "bias"] and not made._forward_pre_hooks
    prune.l1_unstructured(made, "weight", 1)
    with pytest.raises(ValueError, match="more than"):
        prune.l1_unstructured(made, "weight", 7)
    assert len(made._forward_pre_hooks) == 1 and int(made.weight_mask.sum()) == 5
