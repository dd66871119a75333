"""``torch.backends``: the libraries behind the kernels, and their switches.

The switches of absent libraries can be set, as programs do on every machine; they are stored and
have no effect.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator
from typing import Any

from engine import _C


class _Backend(types.ModuleType):
    """A library: its availability and its switches."""

    def __init__(self, name: str, available: bool = False, **switches: Any) -> None:
        super().__init__(f"engine.backends.{name}")
        self._available = available
        vars(self).update(switches)

    def is_available(self) -> bool:
        """True if the library is available."""
        return self._available

    is_built = is_available

    def version(self) -> int | None:
        """The version of the library: None where it is absent."""
        return None

    @contextlib.contextmanager
    def flags(self, **switches: Any) -> Iterator[None]:
        """Changes switches during a ``with`` block."""
        before = {name: getattr(self, name) for name in switches}
        vars(self).update(switches)
        try:
            yield
        finally:
            vars(self).update(before)


class _Cpu(_Backend):
    def get_cpu_capability(self) -> str:
        """The instruction set that kernels were selected for."""
        return str(_C.cpu_capability()).upper()


class _Cuda(_Backend):
    """CUDA's switches of attention kernels, of which only the portable one exists."""

    def flash_sdp_enabled(self) -> bool:
        return False

    mem_efficient_sdp_enabled = cudnn_sdp_enabled = flash_sdp_enabled

    def math_sdp_enabled(self) -> bool:
        return True

    def enable_flash_sdp(self, enabled: bool) -> None:
        """Has no effect: the CPU has one attention kernel."""

    enable_mem_efficient_sdp = enable_math_sdp = enable_cudnn_sdp = enable_flash_sdp

    @contextlib.contextmanager
    def sdp_kernel(self, *_: Any, **__: Any) -> Iterator[None]:
        """Context manager without effect."""
        yield


cpu = _Cpu("cpu", True)
cudnn = _Backend(
    "cudnn",
    enabled=True,
    benchmark=False,
    benchmark_limit=10,
    deterministic=False,
    allow_tf32=True,
)
cuda = _Cuda(
    "cuda",
    matmul=types.SimpleNamespace(
        allow_tf32=False,
        allow_fp16_reduced_precision_reduction=True,
        allow_bf16_reduced_precision_reduction=True,
    ),
)
mps = _Backend("mps")
mkl = _Backend("mkl")
mkldnn = _Backend("mkldnn", _C._has_onednn, enabled=True, deterministic=False)
openmp = _Backend("openmp", True)
opt_einsum = _Backend("opt_einsum", enabled=False, strategy=None)
