"""EfficientNet-Lite0 with its public weights: the photographs, and PyTorch's logits.

The logits are stored by scripts/reference_efficientnet_lite0.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from zoo.classifier import ImageClassifier
from zoo.vision.efficientnet_lite import EfficientNetLite, SamePadConv2d

Arrays = dict[str, np.ndarray[Any, np.dtype[np.float32]]]

# Class and probability by another implementation with these weights, if known.
ANSWERS = {
    "chelsea": (285, 0.405),
    "coffee": (967, 0.941),
    "rocket": (657, None),
    "flower": (985, None),
}


@pytest.fixture(scope="module")
def lite0(pretrained: Any) -> ImageClassifier:
    model: ImageClassifier = pretrained("efficientnet_lite0")
    return model


@pytest.fixture(scope="module")
def reference() -> Arrays:
    with np.load(Path(__file__).parent / "data/efficientnet_lite0_logits.npz") as stored:
        return dict(stored)


@pytest.mark.parametrize("name", ANSWERS)
def test_photographs(lite0: ImageClassifier, photographs: dict[str, Path], name: str) -> None:
    index, probability = ANSWERS[name]
    best = lite0.predict(photographs[name])[0]
    assert best.index == index
    if probability is not None:
        assert best.probability == pytest.approx(probability, abs=0.005)


@pytest.mark.parametrize(("name", "shape"), [("even", (2, 224, 224)), ("odd", (1, 191, 225))])
def test_logits_are_pytorch_s(
    lite0: ImageClassifier, reference: Arrays, name: str, shape: tuple[int, int, int]
) -> None:
    """On generated waves; odd sizes distinguish TensorFlow's padding from PyTorch's."""
    n, height, width = shape
    i, c, y, x = np.ogrid[:n, :3, :height, :width]
    images = np.sin((i + 1) * (y + 2 * x) / 20 + c).astype(np.float32)
    with engine.inference_mode():
        logits = lite0(engine.from_numpy(images)).numpy()
    np.testing.assert_allclose(logits, reference[name], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ANSWERS)
def test_logits_of_photographs(
    lite0: ImageClassifier, reference: Arrays, photographs: dict[str, Path], name: str
) -> None:
    """With decoding: JPEG decoders may differ by a level, hence the tolerance."""
    with engine.inference_mode():
        logits = lite0(lite0.preprocess(photographs[name])).numpy()
    np.testing.assert_allclose(logits, reference[name], atol=0.05)


@pytest.mark.parametrize("name", ["efficientnet_lite1", "efficientnet_lite2"])
def test_larger_variants(pretrained: Any, photographs: dict[str, Path], name: str) -> None:
    model = pretrained(name)
    assert model.predict(photographs["chelsea"])[0].label == "Egyptian cat"
    assert model.predict(photographs["coffee"])[0].label == "espresso"


@pytest.mark.parametrize("size", [5, 6, 7, 8])
@pytest.mark.parametrize("kernel", [3, 5])
def test_same_padding(size: int, kernel: int) -> None:
    """Each output is the sum of its window, which starts one pixel later for an even size."""
    conv = SamePadConv2d(1, 1, kernel, stride=2, groups=1)
    engine.nn.init.ones_(conv.weight)
    image = np.arange(size * size, dtype=np.float32).reshape(1, 1, size, size)
    total = (-(-size // 2) - 1) * 2 + kernel - size
    before = total // 2
    padded = np.pad(image[0, 0], (before, total - before))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel))[::2, ::2]
    with engine.no_grad():
        got = conv(engine.from_numpy(image)).numpy()
    np.testing.assert_allclose(got[0, 0], windows.sum((2, 3)), rtol=1e-6)


def test_features_are_a_thirty_second_of_the_image() -> None:
    model = EfficientNetLite(num_classes=2).eval()
    with engine.inference_mode():
        features = model.forward_features(engine.zeros(1, 3, 65, 64))
    assert tuple(features.shape) == (1, 1280, 3, 2)
