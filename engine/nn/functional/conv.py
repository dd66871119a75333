"""Linear maps and convolutions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import SupportsIndex

from engine import _C
from engine._C import Tensor

Size = int | Sequence[int]

linear = _C.linear
conv_transpose1d = _C.conv_transpose1d
conv_transpose2d = _C.conv_transpose2d
conv_transpose3d = _C.conv_transpose3d


def to_tuple(value: Size, n: int, what: str = "size") -> tuple[int, ...]:
    """A tuple of n ints from an int or a sequence of n ints."""
    if isinstance(value, SupportsIndex):
        return (operator.index(value),) * n
    if len(value) != n:
        raise ValueError(f"{what} must be an int or {n} ints, got {tuple(value)}")
    return tuple(map(operator.index, value))


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1 A x2 + b for each output; weight is (out, in1, in2)."""
    out, in1, in2 = weight.shape
    rows = weight.transpose(1, 2).reshape(out * in2, in1)
    products = _C.linear(input1, rows).unflatten(-1, (out, in2))
    result = (products * input2.unsqueeze(-2)).sum(-1, dtype=products.dtype)
    if bias is not None and tuple(bias.shape) != (out,):
        raise RuntimeError(f"bilinear: bias must have shape ({out},), got {tuple(bias.shape)}")
    return result if bias is None else result + bias


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: str | Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation over (N, C, L) or (C, L); padding may be 'same' or 'valid'."""
    call: Callable[..., Tensor] = _C.conv1d
    return call(input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: str | Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation over (N, C, H, W) or (C, H, W); padding may be 'same' or 'valid'.

    >>> import engine
    >>> image, kernels = engine.zeros(1, 3, 8, 8), engine.zeros(5, 3, 3, 3)
    >>> tuple(engine.nn.functional.conv2d(image, kernels, padding="same").shape)
    (1, 5, 8, 8)
    """
    call: Callable[..., Tensor] = _C.conv2d
    return call(input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: str | Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation over (N, C, D, H, W) or (C, D, H, W); padding may be 'same' or 'valid'."""
    call: Callable[..., Tensor] = _C.conv3d
    return call(input, weight, bias, stride, padding, dilation, groups)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """conv1d of (L, N, C) with a weight (K, C, O)."""
    moved = _C.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return moved.permute(2, 0, 1)


def unfold(
    input: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """All sliding blocks of (N, C, H, W) as columns: (N, C * kernel elements, blocks).

    >>> import engine
    >>> engine.nn.functional.unfold(engine.arange(6.0).reshape(1, 1, 2, 3), 2).tolist()
    [[[0.0, 1.0], [1.0, 2.0], [3.0, 4.0], [4.0, 5.0]]]
    """
    if input.dim() not in (3, 4):
        raise ValueError(f"unfold: input must have 3 or 4 dimensions, got {tuple(input.shape)}")
    batched = input if input.dim() == 4 else input.unsqueeze(0)
    columns = _C.im2col(batched, kernel_size, dilation, padding, stride)
    return columns if input.dim() == 4 else columns.squeeze(0)


def fold(
    input: Tensor,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size = 1,
) -> Tensor:
    """Sum columns (N, C * kernel elements, blocks) back into (N, C, H, W); unfold's adjoint.

    >>> import engine
    >>> engine.nn.functional.fold(engine.ones(1, 4, 2), (2, 3), 2).tolist()
    [[[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]]
    """
    if input.dim() not in (2, 3):
        raise ValueError(f"fold: input must have 2 or 3 dimensions, got {tuple(input.shape)}")
    batched = input if input.dim() == 3 else input.unsqueeze(0)
    image = _C.col2im(batched, output_size, kernel_size, dilation, padding, stride)
    return image if input.dim() == 3 else image.squeeze(0)
