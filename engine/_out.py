"""The argument ``out``: results written into the caller's tensors."""

from __future__ import annotations

import warnings
from typing import Any

from engine import _C
from engine._C import Tensor


def write_out(name: str, result: Any, out: Any) -> Any:
    """Copies the results of an op into ``out``, a tensor or one per result, and returns ``out``.

    A tensor of another shape is resized. Raises RuntimeError if a gradient is required, or if the
    result's dtype can't be cast to that of ``out``, and TypeError if ``out`` is not a tensor.
    """
    if isinstance(result, Tensor):
        _write(name, result, out)
        return out
    if not isinstance(out, (tuple, list)) or len(out) != len(result):
        got = f"{len(out)}" if isinstance(out, (tuple, list)) else type(out).__name__
        raise TypeError(f"{name}: argument 'out': expected {len(result)} tensors, got {got}")
    for one, target in zip(result, out, strict=True):
        _write(name, one, target)
    return type(result)(out)


def _write(name: str, result: Tensor, out: Any) -> None:
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}: argument 'out': expected Tensor, got {type(out).__name__}")
    if result.requires_grad or (out.requires_grad and _C.is_grad_enabled()):
        raise RuntimeError(
            f"{name}: out= does not record gradients, but a tensor requires one; use the result"
        )
    if not _C.can_cast(result.dtype, out.dtype):
        raise RuntimeError(f"{name}: argument 'out': {result.dtype} can't be cast to {out.dtype}")
    if out.shape != result.shape:
        if out.numel():
            warnings.warn(
                f"{name}: out of shape {tuple(out.shape)} is resized to {tuple(result.shape)}",
                stacklevel=3,
            )
        out.resize_(result.shape)
    with_mode = _C._set_grad_enabled(False)
    try:
        out.copy_(result)
    finally:
        _C._set_grad_enabled(with_mode)
