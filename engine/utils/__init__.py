"""Where PyTorch's programs look for the data tools, and checkpoints of activations."""

from __future__ import annotations

from engine.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
