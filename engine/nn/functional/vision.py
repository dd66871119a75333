"""Resampling and rearranging of images."""

from __future__ import annotations

from collections.abc import Sequence

from engine import _C
from engine._C import Tensor

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
    """Interleave the groups of channels of (N, C, ...) (Zhang et al., 2017)."""
    n, c, *rest = input.shape
    if c % groups:
        raise ValueError(f"channel_shuffle: {c} channels are no multiple of groups {groups}")
    return input.reshape(n, groups, c // groups, *rest).transpose(1, 2).reshape(n, c, *rest)


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool = False) -> Tensor:
    """The sampling grid (N, H, W, 2) of the affine maps theta (N, 2, 3) for grid_sample."""
    n, _, h, w = size
    if tuple(theta.shape) != (n, 2, 3):
        raise ValueError(f"affine_grid: theta must be ({n}, 2, 3), got {tuple(theta.shape)}")
    x, y = (_grid_line(theta, steps, align_corners) for steps in (w, h))
    points = _C.stack(
        [x.reshape(1, w).expand(h, w), y.reshape(h, 1).expand(h, w), _C.ones_like(x).expand(h, w)],
        dim=-1,
    )
    grid = points.reshape(1, h * w, 3) @ theta.transpose(1, 2)
    return grid.reshape(n, h, w, 2)


def _grid_line(theta: Tensor, steps: int, align_corners: bool) -> Tensor:
    edge = 1.0 if align_corners else 1.0 - 1.0 / steps
    if align_corners and steps == 1:
        edge = 0.0
    return _C.linspace(-edge, edge, steps, dtype=theta.dtype, device=theta.device)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Sample (N, C, H, W) at the points grid (N, h, w, 2), whose x and y run from -1 to 1.

    mode is 'bilinear' or 'nearest', padding_mode 'zeros', 'border' or 'reflection'.
    """
    if input.dim() != 4 or grid.dim() != 4 or grid.shape[-1] != 2:
        raise ValueError(
            "grid_sample: input must be (N, C, H, W) and grid (N, h, w, 2), got "
            f"{tuple(input.shape)} and {tuple(grid.shape)}"
        )
    if mode not in ("bilinear", "nearest"):
        raise ValueError(f"grid_sample: mode must be 'bilinear' or 'nearest', got '{mode}'")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(f"grid_sample: unknown padding_mode '{padding_mode}'")
    height, width = input.shape[2:]
    x = _source_position(grid[..., 0], width, padding_mode, bool(align_corners))
    y = _source_position(grid[..., 1], height, padding_mode, bool(align_corners))
    if mode == "nearest":
        return _pixels_at(input, x.round(), y.round())
    left, top = x.detach().floor(), y.detach().floor()
    right_part, low_part = (x - left).unsqueeze(1), (y - top).unsqueeze(1)
    upper = _pixels_at(input, left, top) * (1 - right_part)
    upper = upper + _pixels_at(input, left + 1, top) * right_part
    lower = _pixels_at(input, left, top + 1) * (1 - right_part)
    lower = lower + _pixels_at(input, left + 1, top + 1) * right_part
    return upper * (1 - low_part) + lower * low_part


def _source_position(
    coordinate: Tensor, size: int, padding_mode: str, align_corners: bool
) -> Tensor:
    """The pixel position that -1 to 1 stands for, brought inside as padding_mode says."""
    if align_corners:
        position = (coordinate + 1) * ((size - 1) / 2)
    else:
        position = ((coordinate + 1) * size - 1) / 2
    if padding_mode == "border":
        return position.clamp(0, size - 1)
    if padding_mode == "reflection":
        low, span = (0.0, size - 1.0) if align_corners else (-0.5, float(size))
        if span == 0:
            return position * 0.0
        folded = _C.remainder((position - low).abs(), 2 * span)
        mirrored = span - (folded - span).abs()
        return (mirrored + low).clamp(0, size - 1)
    return position


def _pixels_at(input: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """input[n, :, y, x] for whole numbers x and y (N, h, w), zeros outside."""
    n, channels, height, width = input.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    column = x.clamp(0, width - 1).to(_C.int64)
    row = y.clamp(0, height - 1).to(_C.int64)
    flat = (row * width + column).reshape(n, 1, -1).expand(n, channels, -1)
    values = input.reshape(n, channels, -1).gather(2, flat)
    values = values.reshape(n, channels, *x.shape[1:])
    return values * inside.unsqueeze(1).to(input.dtype)
