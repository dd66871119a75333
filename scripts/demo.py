"""Classify a photograph with a pretrained network, computed by this project's engine.

    python scripts/demo.py
    python scripts/demo.py --image photo.jpg

The weights are fetched once and cached. If they cannot be fetched, a network shipped with the zoo
reads a handwritten digit instead.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import hub
import zoo
from zoo.bars import print_bars
from zoo.classifier import ImageClassifier

ASSETS = Path(__file__).parent / "assets"
ONLINE = "efficientnet_lite0"
EMBEDDED = "digits_cnn"


def announce(name: str) -> None:
    """Announce the download and its source."""
    found = zoo.info(name)
    weights = next(iter(found.weights.values()))
    source, _, file = weights.ref.partition("#")[0].partition("/")
    print(f"model       {name}: {found.summary}, {weights.num_params:,} parameters")
    print(f"weights     {file or source}, {weights.size / 1e6:,.1f} MB, {weights.license}")
    print(f"from        {source if file else 'this package'}")
    print(f"sha256      {weights.sha256}")


def show(model: ImageClassifier, image: Path) -> None:
    """Print the image's path, the model's predictions, and the time."""
    start = time.perf_counter()
    predictions = model.predict(image)
    elapsed = time.perf_counter() - start
    print(f"image       {image}")
    print_bars(predictions)
    print(f"answer      {predictions[0].label} (in {1000 * elapsed:.0f} ms)")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", type=Path, default=ASSETS / "chelsea.jpg")
    args = parser.parse_args(argv)
    announce(ONLINE)
    try:
        model = zoo.load(ONLINE)
    except (hub.FetchError, hub.NotFoundError, hub.OfflineError) as error:
        print(f"\nThe weights cannot be fetched: {error}")
        print(
            "Here is the network that is shipped with the zoo instead; it recognises only digits.\n"
        )
        announce(EMBEDDED)
        show(zoo.load(EMBEDDED), ASSETS / "three.png")
        return 0
    except hub.HubError as error:
        print(f"demo: error: {error}", file=sys.stderr)
        return 1
    try:
        show(model, args.image)
    except zoo.ImageError as error:
        print(f"demo: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
