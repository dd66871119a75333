"""``torch.ops``, the namespace of PyTorch's compiled extensions, of which none can be loaded."""

from __future__ import annotations

from typing import Any, NoReturn


def load_library(path: Any) -> NoReturn:
    """Raises OSError: libraries compiled against PyTorch need PyTorch."""
    raise OSError(f"ops.load_library: {path}: libraries compiled for PyTorch can't be loaded")
