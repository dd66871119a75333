"""``torch._dynamo``: queries about PyTorch's compiler, which is absent here."""

from __future__ import annotations

import types

config = types.SimpleNamespace(
    suppress_errors=False, cache_size_limit=8, recompile_limit=8, verbose=False
)


def reset() -> None:
    """Discards compiled programs: there are none."""


def is_compile_supported(device_type: str) -> bool:
    """Returns False: programs are not compiled for any device."""
    return False


is_dynamo_supported = is_compile_supported
