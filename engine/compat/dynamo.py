"""``torch._dynamo``: what programs ask of PyTorch's compiler. There is none."""

from __future__ import annotations

import types

config = types.SimpleNamespace(
    suppress_errors=False, cache_size_limit=8, recompile_limit=8, verbose=False
)


def reset() -> None:
    """Forgets compiled programs: there are none."""


def is_compile_supported(device_type: str) -> bool:
    """Whether programs for such a device can be compiled: never."""
    return False


is_dynamo_supported = is_compile_supported
