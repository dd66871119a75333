"""Pooling over windows and to a given size."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import SupportsIndex, cast

from engine import _C
from engine._C import Tensor
from engine.nn.functional.conv import Size, to_tuple

avg_pool1d = _C.avg_pool1d
avg_pool2d = _C.avg_pool2d
avg_pool3d = _C.avg_pool3d


def _max_pool(
    n: int,
    input: Tensor,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
    return_indices: bool,
) -> Tensor | tuple[Tensor, Tensor]:
    name = f"max_pool{n}d_with_indices" if return_indices else f"max_pool{n}d"
    stride = kernel_size if stride is None else stride
    return getattr(_C, name)(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The maximum of each window of (N, C, L), and its index if return_indices."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The maximum of each window of (N, C, H, W), and its index if return_indices.

    >>> import engine
    >>> image = engine.arange(16.0).reshape(1, 1, 4, 4)
    >>> engine.nn.functional.max_pool2d(image, 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The maximum of each window of (N, C, D, H, W), and its index if return_indices."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """max_pool1d, and the indices of the maxima in each channel."""
    pooled = _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return cast(tuple[Tensor, Tensor], pooled)


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """max_pool2d, and the indices of the maxima in each channel."""
    pooled = _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return cast(tuple[Tensor, Tensor], pooled)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """max_pool3d, and the indices of the maxima in each channel."""
    pooled = _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, True)
    return cast(tuple[Tensor, Tensor], pooled)


def adaptive_size(
    n: int, input: Tensor, output_size: int | Sequence[int | None]
) -> tuple[int, ...]:
    """The output size of n dimensions; None means the input's."""
    if isinstance(output_size, SupportsIndex):
        return (operator.index(output_size),) * n
    if len(output_size) != n:
        raise ValueError(f"output_size must be an int or {n} ints, got {tuple(output_size)}")
    own = input.shape[input.dim() - n :]
    return tuple(
        mine if wanted is None else wanted for wanted, mine in zip(output_size, own, strict=True)
    )


def adaptive_avg_pool1d(input: Tensor, output_size: Size) -> Tensor:
    """The mean of output_size even parts of (N, C, L)."""
    return _C.adaptive_avg_pool1d(input, adaptive_size(1, input, output_size))


def adaptive_avg_pool2d(input: Tensor, output_size: Size) -> Tensor:
    """The mean of output_size even parts of (N, C, H, W)."""
    return _C.adaptive_avg_pool2d(input, adaptive_size(2, input, output_size))


def adaptive_avg_pool3d(input: Tensor, output_size: Size) -> Tensor:
    """The mean of output_size even parts of (N, C, D, H, W)."""
    return _C.adaptive_avg_pool3d(input, adaptive_size(3, input, output_size))


def _adaptive_max_pool(
    n: int, input: Tensor, output_size: Size, return_indices: bool
) -> Tensor | tuple[Tensor, Tensor]:
    name = f"adaptive_max_pool{n}d"
    if return_indices:
        name += "_with_indices"
    return getattr(_C, name)(input, adaptive_size(n, input, output_size))


def adaptive_max_pool1d(
    input: Tensor, output_size: Size, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The maximum of output_size even parts of (N, C, L)."""
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(
    input: Tensor, output_size: Size, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The maximum of output_size even parts of (N, C, H, W)."""
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(
    input: Tensor, output_size: Size, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The maximum of output_size even parts of (N, C, D, H, W)."""
    return _adaptive_max_pool(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Size, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool1d, and the indices of the maxima in each channel."""
    return cast(tuple[Tensor, Tensor], _adaptive_max_pool(1, input, output_size, True))


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Size, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool2d, and the indices of the maxima in each channel."""
    return cast(tuple[Tensor, Tensor], _adaptive_max_pool(2, input, output_size, True))


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Size, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool3d, and the indices of the maxima in each channel."""
    return cast(tuple[Tensor, Tensor], _adaptive_max_pool(3, input, output_size, True))


def _lp_pool(
    n: int,
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None,
    ceil_mode: bool,
) -> Tensor:
    kernel = to_tuple(kernel_size, n, f"lp_pool{n}d: kernel_size")
    if math.isinf(norm_type):
        sign = math.copysign(1.0, norm_type)
        largest = _max_pool(n, sign * input.abs(), kernel, stride, 0, 1, ceil_mode, False)
        return sign * cast(Tensor, largest)
    pool = getattr(_C, f"avg_pool{n}d")
    mean = pool(input.pow(norm_type), kernel, kernel if stride is None else stride, 0, ceil_mode)
    return (mean.sign() * mean.abs().relu() * math.prod(kernel)).pow(1.0 / norm_type)


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of each window of (N, C, L)."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of each window of (N, C, H, W)."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of each window of (N, C, D, H, W)."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
