"""Normalisation of activations."""

from __future__ import annotations

from engine import _C
from engine._C import Tensor

batch_norm = _C.batch_norm
group_norm = _C.group_norm
instance_norm = _C.instance_norm
layer_norm = _C.layer_norm
rms_norm = _C.rms_norm


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide by a power of the mean square over `size` neighbouring channels."""
    if input.dim() < 3:
        raise ValueError(
            f"local_response_norm: input must have 3 dimensions or more, got {tuple(input.shape)}"
        )
    channels = input.shape[1]
    squares = (input * input).reshape(input.shape[0], 1, channels, -1)
    squares = _C.pad(squares, [0, 0, size // 2, (size - 1) // 2], "constant", 0.0)
    mean = _C.avg_pool2d(squares, (size, 1), (1, 1)).reshape(input.shape)
    return input / (mean * alpha + k) ** beta


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide by the p-norm along dim, or by eps where that is smaller."""
    return input / _C.norm(input, p, dim, True).clamp(min=eps)
