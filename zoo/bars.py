"""Bar charts of predictions as text, fitted to the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.classifier import Prediction

_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
_SHORTEST_BAR = 10
_WIDEST_LINE = 100


def print_bars(predictions: Sequence[Prediction]) -> None:
    """Print a line for each prediction, fitted to the width and encoding of the terminal."""
    columns = min(shutil.get_terminal_size().columns, _WIDEST_LINE)
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    for line in bars(predictions, columns, unicode):
        print(line)


def bars(predictions: Sequence[Prediction], width: int, unicode: bool = True) -> list[str]:
    """A line for each prediction: its label, its probability, and a proportional bar.

    Lines are at most `width` columns wide; labels are shortened if they leave no space for a bar.
    Without `unicode`, for terminals without block characters, bars consist of hashes.

    >>> from zoo.classifier import Prediction
    >>> print(*bars([Prediction(0, "cat", 0.75), Prediction(1, "dog", 0.25)], 28), sep="\\n")
      cat   75.0 %  █████████
      dog   25.0 %  ███
    """
    fixed = len("    100.0 %  ")
    longest = max(len(each.label) for each in predictions)
    column = min(longest, max(width - fixed - _SHORTEST_BAR, 3))
    room = max(width - fixed - column, 0)
    return [
        f"  {_shorten(each.label, column):{column}}  {100 * each.probability:5.1f} %  "
        f"{_bar(each.probability * room, unicode)}".rstrip()
        for each in predictions
    ]


def _bar(length: float, unicode: bool) -> str:
    if not unicode:
        return "#" * round(length)
    whole, eighths = divmod(round(8 * length), 8)
    return "█" * whole + _EIGHTHS[eighths]


def _shorten(label: str, width: int) -> str:
    return label if len(label) <= width else label[: width - 2] + ".."
