"""Resampling and rearranging of images."""

from __future__ import annotations

from collections.abc import Sequence

from engine import _C
from engine._C import Tensor

affine_grid = _C.affine_grid
grid_sample = _C.grid_sample
interpolate = _C.interpolate
pad = _C.pad
pixel_shuffle = _C.pixel_shuffle
pixel_unshuffle = _C.pixel_unshuffle


def upsample(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """interpolate under its older name."""
    return _C.interpolate(input, size, scale_factor, mode, align_corners)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Interleave the groups of channels of (N, C, L, ...) (Zhang et al., 2017)."""
    if input.dim() < 3:
        raise ValueError(f"channel_shuffle: input must be (N, C, L, ...), got {tuple(input.shape)}")
    n, c, *rest = input.shape
    if groups < 1 or c % groups:
        raise ValueError(
            f"channel_shuffle: groups must be positive and divide the {c} channels, got {groups}"
        )
    return input.reshape(n, groups, c // groups, *rest).transpose(1, 2).reshape(n, c, *rest)
