"""Names of classes: a file per set, a line per class in the order of the outputs.

`imagenet` has the first English name of each of the 1,000 WordNet synsets of ILSVRC 2012, sorted
by synset; equal names are distinguished in brackets.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources


@lru_cache
def read(name: str) -> tuple[str, ...]:
    """The class names of a set, such as "imagenet" or "digits".

    >>> read("imagenet")[285]
    'Egyptian cat'
    """
    text = resources.files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())
