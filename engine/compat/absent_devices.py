"""``torch.mps`` and ``torch.xpu``: there are no such devices."""

from __future__ import annotations

import types
from typing import NoReturn


class _AbsentDevice(types.ModuleType):
    """PyTorch's module for a kind of device that is absent."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"engine.{kind}", f"There is no {kind.upper()} device.")
        self._kind = kind

    def is_available(self) -> bool:
        """Returns False: no such device is available.

        >>> import engine
        >>> engine.mps.is_available() or engine.xpu.is_available()
        False
        """
        return False

    def device_count(self) -> int:
        """The number of such devices."""
        return 0

    def manual_seed(self, seed: int) -> None:
        """Seeds the device's generator: none."""

    def empty_cache(self) -> None:
        """Frees cached device memory: none."""

    def synchronize(self) -> NoReturn:
        """Raises RuntimeError: there is nothing to wait for."""
        raise RuntimeError(
            f"{self._kind}.synchronize: there is no {self._kind.upper()} device: "
            "this build computes on the CPU"
        )


mps = _AbsentDevice("mps")
xpu = _AbsentDevice("xpu")
