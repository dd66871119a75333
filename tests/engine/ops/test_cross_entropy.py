"""Cross entropy and softmax of extreme inputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

import engine
from engine import _C


def random(*shape: int, seed: int = 0) -> engine.Tensor:
    return engine.from_numpy(np.random.default_rng(seed).normal(size=shape))


def test_cross_entropy_names_a_class_out_of_range() -> None:
    with pytest.raises(IndexError, match="class 4 at index 1 is out of range for 4 classes"):
        _C.cross_entropy(random(3, 4), engine.tensor([0, 4, 1]))


def test_cross_entropy_of_ignored_targets_alone_is_nan() -> None:
    loss = _C.cross_entropy(random(2, 4), engine.tensor([-100, -100]))
    assert math.isnan(loss.item())


def test_cross_entropy_of_certain_logits_is_finite() -> None:
    logits = engine.tensor([[1e4, -1e4], [-1e4, 1e4]]).requires_grad_()
    loss = _C.cross_entropy(logits, engine.tensor([0, 0]), reduction="sum")
    loss.backward()
    assert loss.item() == 2e4
    assert logits.grad.tolist() == [[0.0, 0.0], [-1.0, 1.0]]


def test_softmax_of_hidden_elements() -> None:
    hidden = engine.tensor([[0.0, -math.inf, 0.0], [-math.inf] * 3])
    first, second = _C.softmax(hidden, 1).tolist()
    assert first == [0.5, 0.0, 0.5]
    assert all(math.isnan(x) for x in second)
