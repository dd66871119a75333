"""Libraries that are imported when they are first used, because programs may end without that."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as numpy

    from engine import linalg as linalg
else:

    class _Module:
        """Stands for a module until an attribute of it is asked for."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> Any:
            value = getattr(importlib.import_module(self._name), name)
            setattr(self, name, value)
            return value

    # It takes as long to import as the engine.
    numpy = _Module("numpy")
    linalg = _Module("engine.linalg")
