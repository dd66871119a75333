"""``torch.utils.data``: the names of engine.data."""

from __future__ import annotations

from engine.compat.finder import look_up_missing
from engine.data import *  # noqa: F403
from engine.data import __all__ as __all__

__path__: list[str] = []  # a package, whose modules engine/compat/paths.py lists
look_up_missing(__name__)
