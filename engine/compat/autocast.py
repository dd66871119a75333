"""Older names of the queries about autocast: ``torch.get_autocast_gpu_dtype`` and the like."""

from __future__ import annotations

from engine import _C
from engine.amp.autocast_mode import get_autocast_dtype, is_autocast_enabled


def is_autocast_cpu_enabled() -> bool:
    """True in a scope of autocast for the CPU."""
    return is_autocast_enabled("cpu")


def is_autocast_cache_enabled() -> bool:
    """Returns True: a scope of autocast caches the weights that it has cast by default."""
    return True


def clear_autocast_cache() -> None:
    """Does nothing: a scope discards its cast weights when it ends."""


def get_autocast_cpu_dtype() -> _C.dtype:
    """The dtype that autocast uses on the CPU."""
    return get_autocast_dtype("cpu")


def get_autocast_gpu_dtype() -> _C.dtype:
    """The dtype that autocast would use on a GPU."""
    return get_autocast_dtype("cuda")
