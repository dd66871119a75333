"""Collating, where older programs of PyTorch import it from."""

from __future__ import annotations

from engine.data import default_collate, default_convert

__all__ = ["default_collate", "default_convert"]
