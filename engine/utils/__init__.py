"""``torch.utils``: data loading, activation checkpoints, benchmarks, TensorBoard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.utils import checkpoint as checkpoint

if TYPE_CHECKING:  # imported at its first use
    from engine.utils import data as data

__all__ = ["checkpoint", "data"]
