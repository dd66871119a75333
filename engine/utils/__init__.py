"""``torch.utils``: data loading, activation checkpoints, benchmarks, TensorBoard."""

from __future__ import annotations

from engine.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
