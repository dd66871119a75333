"""The shipped digit networks on the held-out scans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import engine
import zoo
from zoo.vision.digits import HELD_OUT, SIDE, BrightInk, FitInk

NAMES = ["digits_cnn", "digits_mlp"]


@pytest.fixture(scope="module")
def held_out() -> tuple[Any, Any]:
    data = load_digits()
    return data.images[HELD_OUT] / 16, data.target[HELD_OUT]


def share_right(name: str, images: Any, digits: Any) -> float:
    model = zoo.load(name)
    with engine.inference_mode():
        logits = model(model.preprocess(*images)).numpy()
    return float((logits.argmax(1) == digits).mean())


@pytest.mark.parametrize("name", NAMES)
def test_accuracy_equals_that_of_the_registry(name: str, held_out: tuple[Any, Any]) -> None:
    (metric,) = zoo.info(name).weights["uci"].metrics
    got = share_right(name, *held_out)
    assert len(held_out[1]) == 599
    assert got >= 0.985
    # A near tie may differ on another processor.
    assert got == pytest.approx(metric.value, abs=1.01 / 599)


@pytest.mark.parametrize("name", NAMES)
def test_enlarged_dark_ink_with_a_margin(name: str, held_out: tuple[Any, Any]) -> None:
    """A drawing on white paper is recognised like the scans."""
    images, digits = held_out
    enlarged = [1 - np.pad(np.kron(image, np.ones((4, 4))), 9) for image in images]
    assert share_right(name, enlarged, digits) >= 0.98


def test_bright_ink() -> None:
    ink = np.zeros((SIDE, SIDE, 1), np.uint8)
    ink[3:5, 3:5] = 200
    np.testing.assert_array_equal(BrightInk()(ink), ink)
    np.testing.assert_array_equal(BrightInk()(255 - ink), ink)


def test_fit_ink() -> None:
    page = np.zeros((40, 60, 1), np.uint8)
    page[10:30, 20:25] = 255
    fitted = FitInk()(page)
    assert fitted.shape == (20, 20, 1)
    assert fitted[:, 7:12].all() and not fitted[:, :7].any() and not fitted[:, 12:].any()
    blank = np.zeros((40, 60, 1), np.uint8)
    assert FitInk()(blank) is blank


def test_the_same_answer_alone_and_in_a_batch(held_out: tuple[Any, Any]) -> None:
    model = zoo.load("digits_cnn")
    images = held_out[0][:5]
    with engine.inference_mode():
        together = engine.softmax(model(model.preprocess(*images)), dim=1).numpy()
    for image, row in zip(images, together, strict=True):
        best = model.predict(image, top=1)[0]
        assert best.index == row.argmax()
        assert best.probability == pytest.approx(row.max(), abs=1e-5)
