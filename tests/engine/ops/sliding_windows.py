"""References of convolution and pooling: sliding windows over the last dimensions of an array."""

from __future__ import annotations

import numpy as np

Size = int | tuple[int, ...]


def per_dim(value: Size, n: int) -> tuple[int, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)


def windows(
    x: np.ndarray,
    kernel: tuple[int, ...],
    stride: Size,
    padding: Size,
    dilation: Size,
    fill: float,
    behind: tuple[int, ...] | None = None,
) -> np.ndarray:
    """(N, C, *size) to (N, C, *windows, *kernel); ``behind`` is more padding at the ends."""
    n = len(kernel)
    strides, dilations = per_dim(stride, n), per_dim(dilation, n)
    more = behind or (0,) * n
    edges = [(p, p + b) for p, b in zip(per_dim(padding, n), more, strict=True)]
    x = np.pad(x, [(0, 0), (0, 0), *edges], constant_values=fill)
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(x, reach, axis=tuple(range(2, 2 + n)))
    every = [slice(None, None, s) for s in strides] + [slice(None, None, d) for d in dilations]
    return view[(slice(None), slice(None), *every)]


def convolve(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    n = weight.ndim - 2
    kernel = weight.shape[2:]
    behind = None
    if padding == "valid":
        padding = 0
    elif padding == "same":
        total = [d * (k - 1) for k, d in zip(kernel, per_dim(dilation, n), strict=True)]
        padding, behind = tuple(t // 2 for t in total), tuple(t % 2 for t in total)
    patches = windows(x, kernel, stride, padding, dilation, 0.0, behind)
    summed = ([1, *range(2 + n, 2 + 2 * n)], list(range(1, 2 + n)))
    parts = [
        np.moveaxis(np.tensordot(p, w, summed), -1, 1)
        for p, w in zip(np.split(patches, groups, 1), np.split(weight, groups, 0), strict=True)
    ]
    y = np.concatenate(parts, 1)
    return y if bias is None else y + bias.reshape(-1, *[1] * n)


def convolve_transposed(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> np.ndarray:
    """A convolution of the input, dilated with zeros, with the flipped weight."""
    n = weight.ndim - 2
    strides, dilations = per_dim(stride, n), per_dim(dilation, n)
    size = [(s - 1) * step + 1 for s, step in zip(x.shape[2:], strides, strict=True)]
    spread = np.zeros((*x.shape[:2], *size))
    spread[(slice(None), slice(None), *[slice(None, None, s) for s in strides])] = x
    edges = tuple(
        d * (k - 1) - p
        for k, d, p in zip(weight.shape[2:], dilations, per_dim(padding, n), strict=True)
    )
    ends = [(e, e + o) for e, o in zip(edges, per_dim(output_padding, n), strict=True)]
    spread = np.pad(spread, [(0, 0), (0, 0), *ends])
    reverse = np.flip(weight, tuple(range(2, 2 + n)))
    turned = np.concatenate([w.swapaxes(0, 1) for w in np.split(reverse, groups, 0)], 0)
    return convolve(spread, turned, bias, 1, 0, dilation, groups)
