"""Base class of image classifiers: labels, preprocessing and prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import engine
from engine import Tensor, nn
from zoo.preprocessing import ImageLike, Preprocess
from zoo.registry import ModelInfo, Weights


@dataclass(frozen=True)
class Prediction:
    """A class and its predicted probability."""

    index: int
    label: str
    probability: float


class ImageClassifier(nn.Module):
    """A network from images to logits of shape (batch, num_classes), with labels and preprocessing.

    `zoo.load` calls `describe`, which sets `info`, `labels` and `preprocess`.
    """

    info: ModelInfo
    weights: Weights | None
    labels: tuple[str, ...]
    num_classes: int

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes

    def describe(self, info: ModelInfo, weights: Weights | None) -> None:
        """Set the model's facts and those of its weights."""
        self.info = info
        self.weights = weights
        own = len(info.labels) == self.num_classes
        self.labels = info.labels if own else tuple(map(str, range(self.num_classes)))
        self._preprocess: Preprocess = weights.preprocess if weights else info.preprocess

    def preprocess(self, image: ImageLike, *more: ImageLike) -> Tensor:
        """The batch, float32 of shape (n, channels, height, width), of one image or several.

        An image is a path, a Pillow image or an array as `zoo.preprocessing.read_image` takes it.
        Raises `ImageError`, which names the file.

        >>> import zoo
        >>> digits = zoo.load("digits_mlp", pretrained=False)
        >>> tuple(digits.preprocess(np.zeros((8, 8), np.uint8)).shape)
        (1, 1, 8, 8)
        """
        return engine.from_numpy(np.stack([self._preprocess(each) for each in (image, *more)]))

    def predict(self, image: ImageLike, top: int = 5) -> list[Prediction]:
        """The `top` most probable classes of an image, in descending order."""
        with engine.inference_mode():
            logits = self(self.preprocess(image))
            probabilities = engine.softmax(logits, dim=1)[0].numpy()
        order = np.argsort(-probabilities, kind="stable")[:top]
        return [Prediction(int(i), self.labels[i], float(probabilities[i])) for i in order]
