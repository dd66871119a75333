"""Libraries imported at their first use, as many programs never need them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as numpy

    from engine import _limits, linalg as linalg

    limits = _limits
else:

    class _Module:
        """Proxy of a module that imports it when an attribute is read."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> Any:
            value = getattr(importlib.import_module(self._name), name)
            setattr(self, name, value)
            return value

    # Importing it takes as long as importing the engine.
    numpy = _Module("numpy")
    limits = _Module("engine._limits")
    linalg = _Module("engine.linalg")
