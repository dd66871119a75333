"""Where PyTorch's programs look for the data tools."""

from __future__ import annotations

from engine.utils import data

__all__ = ["data"]
