"""Resampling and rearranging of images."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from engine import _C
from engine._C import Tensor

interpolate = _C.interpolate
pad = _C.pad
pixel_shuffle = _C.pixel_shuffle
pixel_unshuffle = _C.pixel_unshuffle


def _warn_of_align_corners(name: str) -> None:
    warnings.warn(
        f"{name}: align_corners is False unless given; pass it to say which is meant", stacklevel=3
    )


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The sampling positions (N, H, W, 2) of affine maps theta (N, 2, 3), or (N, D, H, W, 3).

    `size` is the output's, (N, C, H, W). With align_corners -1 and 1 are the centres of the
    corner pixels, otherwise their outer edges. See grid_sample.

    >>> import engine
    >>> theta = engine.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> engine.nn.functional.affine_grid(theta, (1, 1, 1, 2), align_corners=False).tolist()
    [[[[-0.5, 0.0], [0.5, 0.0]]]]
    """
    if align_corners is None:
        _warn_of_align_corners("affine_grid")
    return _C.affine_grid(theta, size, align_corners)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """input (N, C, H, W) at the positions (x, y) of grid (N, H', W', 2), or the same in 3-d.

    `mode` is 'bilinear', 'nearest' or 'bicubic', padding_mode 'zeros', 'border' or 'reflection'
    (Jaderberg et al., 2015).

    >>> import engine
    >>> image, centre = engine.arange(4.0).reshape(1, 1, 2, 2), engine.zeros(1, 1, 1, 2)
    >>> engine.nn.functional.grid_sample(image, centre, align_corners=False).item()
    1.5
    """
    if align_corners is None:
        _warn_of_align_corners("grid_sample")
    return _C.grid_sample(input, grid, mode, padding_mode, align_corners)


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
