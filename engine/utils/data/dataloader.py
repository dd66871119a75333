"""The DataLoader, where PyTorch's programs import it from."""

from __future__ import annotations

from engine.data import DataLoader, default_collate, default_convert, get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]
