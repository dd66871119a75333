"""Max unpooling and fractional max pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine import _C
from engine._C import Tensor
from engine.nn.functional.conv import Size, to_tuple


def _unpooled_size(
    name: str,
    sizes: Sequence[int],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    output_size: Sequence[int] | None,
) -> tuple[int, ...]:
    n = len(kernel)
    default = tuple((sizes[i] - 1) * stride[i] + kernel[i] - 2 * padding[i] for i in range(n))
    if output_size is None:
        return default
    wanted = tuple(output_size)
    if len(wanted) == n + 2:
        wanted = wanted[2:]
    if len(wanted) != n:
        raise ValueError(
            f"{name}: output_size must have {n} or {n + 2} elements, got {tuple(output_size)}"
        )
    if any(abs(w - d) >= s for w, d, s in zip(wanted, default, stride, strict=True)):
        raise ValueError(
            f"{name}: output_size {wanted} is not within the stride {stride} of {default}"
        )
    return wanted


def _max_unpool(
    n: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    output_size: Sequence[int] | None,
) -> Tensor:
    name = f"max_unpool{n}d"
    if input.dim() not in (n + 1, n + 2) or input.shape != indices.shape:
        raise ValueError(
            f"{name}: input and indices must both have {n + 1} or {n + 2} dimensions and one "
            f"shape, got {tuple(input.shape)} and {tuple(indices.shape)}"
        )
    kernel = to_tuple(kernel_size, n, f"{name}: kernel_size")
    steps = kernel if stride is None else to_tuple(stride, n, f"{name}: stride")
    margins = to_tuple(padding, n, f"{name}: padding")
    sizes = input.shape[input.dim() - n :]
    out = _unpooled_size(name, sizes, kernel, steps, margins, output_size)
    leading, elements = input.shape[: input.dim() - n], math.prod(out)
    flat = indices.flatten(-n)
    if flat.numel() and not bool(((flat >= 0) & (flat < elements)).all()):
        raise RuntimeError(f"{name}: indices must be from 0 to {elements - 1} for output {out}")
    zeros = _C.zeros((*leading, elements), dtype=input.dtype, device=input.device)
    return zeros.scatter(-1, flat, input.flatten(-n)).reshape(*leading, *out)


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """max_pool1d inverted: the maxima at their indices, zeros elsewhere."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """max_pool2d inverted: the maxima at their indices, zeros elsewhere.

    output_size selects among the input sizes that pool to the same size.

    >>> import engine
    >>> from engine.nn import functional as F
    >>> x = engine.tensor([[[1.0, 2.0], [4.0, 3.0]]])
    >>> F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2).tolist()
    [[[0.0, 0.0], [4.0, 0.0]]]
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """max_pool3d inverted: the maxima at their indices, zeros elsewhere."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _window_starts(samples: Tensor, size: int, kernel: int, out: int) -> Tensor:
    """The first index of each of `out` windows, for each sample of (N, C)."""
    positions = _C.arange(out, dtype=samples.dtype, device=samples.device)
    step = (size - kernel) / (out - 1) if out > 1 else 0.0
    shift = samples.unsqueeze(-1)
    starts = ((positions + shift) * step).to(_C.int64) - (shift * step).to(_C.int64)
    starts[..., -1] = size - kernel
    return starts


def _fractional_max_pool(
    n: int,
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None,
    output_ratio: float | Sequence[float] | None,
    samples: Tensor | None,
) -> tuple[Tensor, Tensor]:
    name = f"fractional_max_pool{n}d"
    if input.dim() not in (n + 1, n + 2):
        raise ValueError(
            f"{name}: input must have {n + 1} or {n + 2} dimensions, got {tuple(input.shape)}"
        )
    x = input if input.dim() == n + 2 else input.unsqueeze(0)
    kernel = to_tuple(kernel_size, n, f"{name}: kernel_size")
    sizes, leading = x.shape[2:], x.shape[:2]
    out = _fractional_size(name, sizes, kernel, output_size, output_ratio)
    if samples is None:
        samples = _C.rand((*leading, n), dtype=input.dtype, device=input.device)
    elif tuple(samples.shape) != (*leading, n):
        raise ValueError(
            f"{name}: _random_samples must be {(*leading, n)}, got {tuple(samples.shape)}"
        )
    columns = samples.unbind(-1) if n == 3 else samples.unbind(-1)[::-1]
    index = _C.zeros((*leading, *[1] * 2 * n), dtype=_C.int64, device=input.device)
    for i, column in enumerate(columns):
        starts = _window_starts(column, sizes[i], kernel[i], out[i])
        window = starts.unsqueeze(-1) + _C.arange(kernel[i], device=input.device)
        shape = [*leading, *[1] * 2 * n]
        shape[2 + i], shape[2 + n + i] = out[i], kernel[i]
        index = index * sizes[i] + window.reshape(shape)
    index = index.reshape(*leading, math.prod(out), math.prod(kernel))
    windows = x.flatten(2).gather(2, index.flatten(2)).reshape(index.shape)
    largest, choice = windows.max(-1)
    at = index.gather(-1, choice.unsqueeze(-1)).squeeze(-1)
    shape = [*input.shape[: input.dim() - n], *out]
    return largest.reshape(shape), at.reshape(shape)


def _fractional_size(
    name: str,
    sizes: Sequence[int],
    kernel: tuple[int, ...],
    output_size: Size | None,
    output_ratio: float | Sequence[float] | None,
) -> tuple[int, ...]:
    n = len(kernel)
    if (output_size is None) == (output_ratio is None):
        raise ValueError(f"{name}: give either output_size or output_ratio")
    if output_size is not None:
        out = to_tuple(output_size, n, f"{name}: output_size")
    else:
        ratios = (output_ratio,) * n if isinstance(output_ratio, (int, float)) else output_ratio
        if ratios is None or len(ratios) != n or not all(0 < r < 1 for r in ratios):
            raise ValueError(
                f"{name}: output_ratio must be {n} numbers between 0 and 1, got {output_ratio}"
            )
        out = tuple(int(size * r) for size, r in zip(sizes, ratios, strict=True))
    if any(o < 1 or o + k - 1 > s for o, k, s in zip(out, kernel, sizes, strict=True)):
        raise ValueError(
            f"{name}: an input of {tuple(sizes)} has no {out} windows of kernel_size {kernel}"
        )
    return out


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """The maxima of output_size windows of (N, C, H, W) at pseudo-random steps (Graham, 2014).

    The size may be given as a fraction output_ratio of the input's.

    >>> import engine
    >>> x = engine.rand(1, 1, 9, 9)
    >>> tuple(engine.nn.functional.fractional_max_pool2d(x, 2, output_size=6).shape)
    (1, 1, 6, 6)
    """
    found = _fractional_max_pool(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """fractional_max_pool2d of (N, C, D, H, W)."""
    found = _fractional_max_pool(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """fractional_max_pool2d, and the indices of the maxima in each channel."""
    return _fractional_max_pool(2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Size,
    output_size: Size | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """fractional_max_pool3d, and the indices of the maxima in each channel."""
    return _fractional_max_pool(3, input, kernel_size, output_size, output_ratio, _random_samples)
