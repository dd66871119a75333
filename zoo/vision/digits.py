"""Two small networks for scikit-learn's digits: 1,797 handwritten digits, scanned at 8 x 8.

The scans are from the "Optical Recognition of Handwritten Digits" set of E. Alpaydin and C. Kaynak
(UCI, 1998): each pixel counts the inked ones, 0 to 16, of a 4 x 4 block of a 32 x 32 bitmap. The
weights are trained by `scripts/train_digits.py` and shipped with the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine import Tensor, nn
from zoo.classifier import ImageClassifier
from zoo.preprocessing import Array, Preprocess, Resize, ToFloat
from zoo.registry import Metric, Weights, register

SIDE = 8
# Every third scan, from the third on, is for the test: not for training or model selection.
HELD_OUT = slice(2, None, 3)


@dataclass(frozen=True)
class BrightInk:
    """Invert an image with a bright border, as the scans are bright ink on a dark ground."""

    def __call__(self, image: Array, /) -> Array:
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        return 255 - image if np.median(border) > 127 else image


@dataclass(frozen=True)
class FitInk:
    """Crop to the square around the ink, as in the scans; images of their size are unchanged."""

    def __call__(self, image: Array, /) -> Array:
        ink = image.max(axis=2) > image.max() / 3
        if image.shape[:2] == (SIDE, SIDE) or not ink.any():
            return image
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        height, width = cut.shape[:2]
        side = max(height, width)
        square = np.zeros((side, side, image.shape[2]), image.dtype)
        top, left = (side - height) // 2, (side - width) // 2
        square[top : top + height, left : left + width] = cut
        return square


PREPROCESS = Preprocess("L", (BrightInk(), FitInk(), ToFloat(255), Resize((SIDE, SIDE), "box")))


class DigitsMLP(ImageClassifier):
    """Two hidden layers over the 64 pixels.

    >>> import engine
    >>> tuple(DigitsMLP()(engine.zeros(2, 1, SIDE, SIDE)).shape)
    (2, 10)
    """

    def __init__(self, hidden: int = 256, dropout: float = 0.1, num_classes: int = 10) -> None:
        super().__init__(num_classes)
        self.features = nn.Sequential(
            nn.Flatten(),
            *_linear(SIDE * SIDE, hidden, dropout),
            *_linear(hidden, hidden // 2, dropout),
        )
        self.classifier = nn.Linear(hidden // 2, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, num_classes) of images (n, 1, 8, 8) with values from 0 to 1."""
        return self.classifier(self.features(x))


class DigitsCNN(ImageClassifier):
    """Three convolutions, two poolings and a linear classifier.

    >>> import engine
    >>> tuple(DigitsCNN()(engine.zeros(2, 1, SIDE, SIDE)).shape)
    (2, 10)
    """

    def __init__(self, channels: int = 32, dropout: float = 0.3, num_classes: int = 10) -> None:
        super().__init__(num_classes)
        self.features = nn.Sequential(
            *_convolution(1, channels),
            *_convolution(channels, channels),
            nn.MaxPool2d(2),
            *_convolution(channels, 2 * channels),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(dropout),
        )
        self.classifier = nn.Linear(2 * channels * (SIDE // 4) ** 2, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, num_classes) of images (n, 1, 8, 8) with values from 0 to 1."""
        return self.classifier(self.features(x))


def _linear(inputs: int, outputs: int, dropout: float) -> tuple[nn.Module, ...]:
    linear = nn.Linear(inputs, outputs, bias=False)
    return linear, nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(dropout)


def _convolution(in_channels: int, out_channels: int) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    return conv, nn.BatchNorm2d(out_channels), nn.ReLU()


def _weights(
    model: str, sha256: str, size: int, num_params: int, accuracy: float
) -> tuple[Weights, ...]:
    entry = Weights(
        tag="uci",
        ref=f"builtin:digits_{model}.safetensors",
        sha256=sha256,
        size=size,
        license="Apache-2.0; trained on data under CC BY 4.0",
        origin=f"Trained by scripts/train_digits.py --model {model} --seed 0",
        num_params=num_params,
        preprocess=PREPROCESS,
        metrics=(
            Metric(
                "accuracy",
                accuracy,
                "scikit-learn's digits, the held-out third (599 scans)",
                "scripts/train_digits.py; recomputed by tests/zoo/test_digits.py",
            ),
        ),
    )
    return (entry,)


_PAPER = "https://doi.org/10.24432/C50P49"


@register(
    task="image-classification",
    summary="A small convolutional network for digits of 8 x 8 pixels",
    paper=_PAPER,
    label_set="digits",
    head="classifier.",
    preprocess=PREPROCESS,
    weights=_weights(
        "cnn",
        "110751e53fee388e13aea97405c43b60691d48bb8061be514f2f47552b1de039",
        size=125_728,
        num_params=30_762,
        accuracy=0.9967,
    ),
)
def digits_cnn(**kwargs: Any) -> DigitsCNN:
    """A small convolutional network for digits of 8 x 8 pixels."""
    return DigitsCNN(**kwargs)


@register(
    task="image-classification",
    summary="Two hidden layers for digits of 8 x 8 pixels",
    paper=_PAPER,
    label_set="digits",
    head="classifier.",
    preprocess=PREPROCESS,
    weights=_weights(
        "mlp",
        "eb4657e5edab95a74335ee899d24ca9db22ba4f9d347628320ba868c6ca88ae5",
        size=209_072,
        num_params=51_210,
        accuracy=0.9933,
    ),
)
def digits_mlp(**kwargs: Any) -> DigitsMLP:
    """Two hidden layers for digits of 8 x 8 pixels."""
    return DigitsMLP(**kwargs)
