"""``torch.mps`` as this build answers it: there is no MPS device."""

from __future__ import annotations

from typing import NoReturn


def is_available() -> bool:
    """Whether such a device can be used.

    >>> import engine
    >>> engine.mps.is_available()
    False
    """
    return False


def device_count() -> int:
    """The number of such devices."""
    return 0


def manual_seed(seed: int) -> None:
    """Seeds the device's generator: none."""


def empty_cache() -> None:
    """Frees cached device memory: none."""


def synchronize() -> NoReturn:
    """Waits for the device."""
    raise RuntimeError("mps.synchronize: there is no MPS device: this build computes on the CPU")
