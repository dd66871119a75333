from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import skimage
import sklearn

import hub
import zoo
from zoo.classifier import ImageClassifier

Loader = Callable[[str], ImageClassifier]


@pytest.fixture(scope="session")
def photographs() -> dict[str, Path]:
    """Photographs shipped with the test dependencies."""
    folder = Path(skimage.__file__).parent / "data"
    return {
        "chelsea": folder / "chelsea.png",
        "coffee": folder / "coffee.png",
        "rocket": folder / "rocket.jpg",
        "flower": Path(sklearn.__file__).parent / "datasets/images/flower.jpg",
    }


@pytest.fixture(scope="session")
def pretrained() -> Loader:
    """Loads a model, or skips the test if its weights cannot be fetched."""

    def load(name: str) -> ImageClassifier:
        try:
            return zoo.load(name)
        except (hub.FetchError, hub.NotFoundError, hub.OfflineError) as error:
            pytest.skip(f"the weights cannot be fetched: {error}")

    return load
