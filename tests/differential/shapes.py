"""Matching shapes from a line of letters."""

from __future__ import annotations

from typing import Any

from .sampling import Draw


def shapes(draw: Draw, text: str, **limits: Any) -> dict[str, Any]:
    """Tensors for ``"self=~nm mat1=nk mat2=km"``: one letter is one size throughout.

    A digit is that size, * any number of sizes, ~ a shape that broadcasts to what follows, and an
    argument with ? may be None.
    """
    sizes: dict[str, tuple[int, ...]] = {}
    found: dict[str, Any] = {}
    for word in text.split():
        name, _, letters = word.partition("=")
        if name.startswith("?"):
            name = name[1:]
            if draw.chance(0.4):
                if draw.chance(0.5):
                    found[name] = None
                continue
        shape: tuple[int, ...] = ()
        for letter in letters.removeprefix("~"):
            if letter not in sizes:
                sizes[letter] = _drawn(draw, letter)
            shape += sizes[letter]
        if letters.startswith("~"):
            shape = draw.broadcastable(shape)
        found[name] = draw.tensor(shape, **limits)
        draw.shape = draw.shape or shape
    return found


def _drawn(draw: Draw, letter: str) -> tuple[int, ...]:
    if letter == "*":
        return draw.sizes(0, 2)
    return (int(letter) if letter.isdigit() else draw.size(),)
