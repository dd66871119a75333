"""Resampling and rearranging of images."""

from __future__ import annotations

import warnings
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
    _warn_of_upsample("upsample")
    return _C.interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """interpolate with mode 'nearest', under its older name."""
    _warn_of_upsample("upsample_nearest")
    return _C.interpolate(input, size, scale_factor)


def upsample_bilinear(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """interpolate with mode 'bilinear' and align_corners, under its older name."""
    _warn_of_upsample("upsample_bilinear")
    return _C.interpolate(input, size, scale_factor, "bilinear", True)


def _warn_of_upsample(name: str) -> None:
    warnings.warn(f"{name} is deprecated in favour of interpolate", stacklevel=3)


def native_channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """channel_shuffle under its other name."""
    return channel_shuffle(input, groups)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Interleave the groups of channels of (N, C, ...) (Zhang et al., 2017)."""
    if input.dim() < 2:
        raise ValueError(f"channel_shuffle: input must be (N, C, ...), got {tuple(input.shape)}")
    n, c, *rest = input.shape
    if groups < 1 or c % groups:
        raise ValueError(
            f"channel_shuffle: groups must be positive and divide the {c} channels, got {groups}"
        )
    return input.reshape(n, groups, c // groups, *rest).transpose(1, 2).reshape(n, c, *rest)
