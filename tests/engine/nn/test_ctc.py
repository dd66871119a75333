"""CTC beside the sum over all alignments."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import engine
from engine.nn import functional as F
from engine.testing import gradcheck
from tests.engine.nn.reference import Array, array, close, draw, softmax, tensor

LOGITS = draw(4, 3, 3)
TARGETS = np.array([[1, 2], [1, 1], [2, 0]])
INPUTS, COUNTS = (4, 4, 3), (2, 2, 1)


def read(path: tuple[int, ...], blank: int) -> list[int]:
    return [label for label, _ in itertools.groupby(path) if label != blank]


def negative_log(probabilities: Array, target: list[int], blank: int = 0) -> float:
    steps, classes = probabilities.shape
    total = sum(
        math.prod(probabilities[t, c] for t, c in enumerate(path))
        for path in itertools.product(range(classes), repeat=steps)
        if read(path, blank) == target
    )
    return -math.log(total) if total else math.inf


LOSSES = np.array(
    [
        negative_log(softmax(LOGITS[: INPUTS[n], n]), TARGETS[n, : COUNTS[n]].tolist())
        for n in range(3)
    ]
)


def loss(logits: Any, **options: Any) -> Any:
    return F.ctc_loss(logits.log_softmax(2), tensor(TARGETS), INPUTS, COUNTS, **options)


def test_value_is_the_sum_over_alignments() -> None:
    close(loss(tensor(LOGITS), reduction="none"), LOSSES)
    close(loss(tensor(LOGITS), reduction="sum"), LOSSES.sum())
    close(loss(tensor(LOGITS)), (LOSSES / COUNTS).mean())


def test_other_forms_of_the_arguments() -> None:
    log_probs = tensor(LOGITS).log_softmax(2)
    joined = engine.tensor([1, 2, 1, 1, 2])
    lengths = engine.tensor(INPUTS), engine.tensor(COUNTS)
    close(F.ctc_loss(log_probs, joined, *lengths, reduction="none"), LOSSES)
    one = F.ctc_loss(log_probs[:, 1], engine.tensor([1, 1]), engine.tensor(4), engine.tensor(2))
    close(one, LOSSES[1] / 2)
    other = F.ctc_loss(log_probs[:, 0], engine.tensor([0, 1]), [4], [2], blank=2, reduction="sum")
    close(other, negative_log(softmax(LOGITS[:, 0]), [0, 1], blank=2))


def test_gradient() -> None:
    logits = tensor(LOGITS, requires_grad=True)
    assert gradcheck(lambda x: loss(x, reduction="none"), [logits])
    loss(logits).backward()
    assert array(logits.grad)[3, 2].tolist() == [0.0, 0.0, 0.0]  # beyond its input's length


def test_targets_that_do_not_fit() -> None:
    logits = tensor(LOGITS[:2], requires_grad=True)
    targets = engine.tensor([[1, 1], [1, 2], [2, 1]])
    log_probs = logits.log_softmax(2)
    values = F.ctc_loss(log_probs, targets, (2, 2, 2), (2, 2, 2), reduction="none")
    assert values[0].item() == math.inf and math.isfinite(values[1].item())
    F.ctc_loss(log_probs, targets, (2, 2, 2), (2, 2, 2), zero_infinity=True).backward()
    assert array(logits.grad)[:, 0].tolist() == [[0.0] * 3] * 2
    assert np.isfinite(array(logits.grad)).all()


def test_empty_targets() -> None:
    log_probs = tensor(LOGITS).log_softmax(2)
    targets = engine.zeros(3, 0, dtype=engine.int64)
    got = F.ctc_loss(log_probs, targets, INPUTS, (0, 0, 0), reduction="none")
    close(got, [-array(log_probs)[: INPUTS[n], n, 0].sum() for n in range(3)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_lengths": (5, 4, 4)}, "input_lengths must be 3 integers from 0 to 4"),
        ({"input_lengths": (4, 4)}, r"input_lengths must be 3 integers .* got \[4, 4\]"),
        ({"target_lengths": (2, 2, 3)}, "target_lengths must be 3 integers from 0 to 2"),
        ({"blank": 3}, "blank must be from 0 to 2, got 3"),
        ({"targets": engine.tensor([1, 2, 1])}, r"sum\(target_lengths\) = 5 elements"),
        ({"targets": engine.full((3, 2), 7)}, "targets must be classes from 0 to 2"),
    ],
)
def test_errors(options: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "targets": engine.tensor(TARGETS),
        "input_lengths": (4, 4, 4),
        "target_lengths": COUNTS,
    }
    with pytest.raises(ValueError, match=message):
        F.ctc_loss(engine.zeros(4, 3, 3), **{**given, **options})
