"""Prints the scalars of TensorBoard's event files: `python scalars.py FOLDER [--without WORD]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without", default="", help="leave out names with this word")
    options = parser.parse_args()
    for folder in sorted({path.parent for path in options.folder.rglob("events.out.*")}):
        events = EventAccumulator(str(folder))
        events.Reload()
        for tag in sorted(events.Tags()["scalars"]):
            if options.without and options.without in tag:
                continue
            for scalar in events.Scalars(tag):
                print(f"{tag} {scalar.step} {scalar.value:.6g}")


if __name__ == "__main__":
    main()
