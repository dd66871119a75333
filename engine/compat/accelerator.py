"""``torch.accelerator``: the device beside the CPU. There is none."""

from __future__ import annotations

from typing import Any, NoReturn

from engine import _C


def _refuse(name: str) -> NoReturn:
    raise RuntimeError(
        f"accelerator.{name}: there is no accelerator: this build computes on the CPU"
    )


def is_available() -> bool:
    """Returns False: there is no device beside the CPU.

    >>> import engine
    >>> engine.accelerator.is_available()
    False
    """
    return False


def device_count() -> int:
    """The number of such devices."""
    return 0


def current_accelerator(check_available: bool = False) -> _C.device | None:
    """The kind of device beside the CPU: None."""
    return None


def empty_cache() -> None:
    """Frees cached device memory: none."""


def synchronize(device: Any = None) -> NoReturn:
    """Waits for the device."""
    _refuse("synchronize")


def current_device_index() -> NoReturn:
    """The index of the current device."""
    _refuse("current_device_index")


current_device_idx = current_device_index


def set_device_index(device: Any) -> NoReturn:
    """Chooses the current device."""
    _refuse("set_device_index")


set_device_idx = set_device_index


def current_stream(device: Any = None) -> NoReturn:
    """The stream that kernels run on."""
    _refuse("current_stream")
