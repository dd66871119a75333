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
    return _divide_by_neighbours(input, size // 2, (size - 1) // 2, size, alpha, beta, k)


def cross_map_lrn2d(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """local_response_norm of (N, C, H, W) with a window that is symmetric about each channel."""
    if input.dim() != 4:
        raise ValueError(f"cross_map_lrn2d: input must be (N, C, H, W), got {tuple(input.shape)}")
    side = (size - 1) // 2
    return _divide_by_neighbours(input, side, side, size, alpha, beta, k)


def _divide_by_neighbours(
    input: Tensor, before: int, after: int, size: int, alpha: float, beta: float, k: float
) -> Tensor:
    """x / (k + alpha / size * sum of the squares of the neighbouring channels) ** beta."""
    window = before + 1 + after
    squares = (input * input).flatten(2).unsqueeze(1)
    squares = _C.pad(squares, [0, 0, before, after], "constant", 0.0)
    mean = _C.avg_pool2d(squares, (window, 1), (1, 1)).reshape(input.shape)
    return input / (mean * (alpha * window / size) + k) ** beta


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide by the p-norm along dim, or by eps where that is smaller."""
    return input / _C.norm(input, p, dim, True).clamp(min=eps)
