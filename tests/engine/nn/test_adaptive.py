"""The adaptive softmax beside its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from tests.engine.nn.reference import array, close, double, draw, softmax, tensor

X = draw(5, 8)
TARGETS = np.array([0, 3, 5, 9, 19])


def layer() -> Any:
    return double(nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0))


def log_prob(made: Any) -> Any:
    head = np.log(softmax(X @ array(made.head.weight).T))
    parts = [head[:, :4]]
    for i, (projection, output) in enumerate(made.tail):
        hidden = X @ array(projection.weight).T
        cluster = np.log(softmax(hidden @ array(output.weight).T))
        parts.append(cluster + head[:, 4 + i : 5 + i])
    return np.concatenate(parts, 1)


def test_values() -> None:
    made = layer()
    assert [tuple(p.shape) for p in made.parameters()] == [(6, 8), (4, 8), (6, 4), (2, 8), (10, 2)]
    wanted = log_prob(made)
    np.testing.assert_allclose(np.exp(wanted).sum(1), 1)
    close(made.log_prob(tensor(X)), wanted)
    output, loss = made(tensor(X), tensor(TARGETS))
    close(output, wanted[range(5), TARGETS])
    close(loss, -wanted[range(5), TARGETS].mean())
    close(made(tensor(X[4]), engine.tensor(19)).output, wanted[4, 19])
    loss.backward()
    assert all(p.grad is not None for p in made.parameters())


def test_predict_of_clusters() -> None:
    made = layer()
    made.head.weight.data[5] = tensor(X[2]) * 10  # the second cluster wins for one sample
    predicted = array(made.predict(tensor(X)))
    assert predicted[2] == log_prob(made)[2].argmax() >= 10


def test_errors() -> None:
    for cutoffs in ([], [5, 5], [0, 4], [4, 20]):
        with pytest.raises(ValueError, match="cutoffs must be rising integers from 1 to 19"):
            nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs)
    with pytest.raises(ValueError, match="targets must be classes from 0 to 19"):
        layer()(tensor(X), tensor(TARGETS + 1))
