"""Linear maps and convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from engine import _C
from engine._C import Tensor

Size = int | Sequence[int]

linear = _C.linear
conv_transpose1d = _C.conv_transpose1d
conv_transpose2d = _C.conv_transpose2d
conv_transpose3d = _C.conv_transpose3d


def to_tuple(value: Size, n: int, what: str = "size") -> tuple[int, ...]:
    """The n numbers that an int, or a sequence of n ints, stands for."""
    if isinstance(value, int):
        return (value,) * n
    if len(value) != n:
        raise ValueError(f"{what} must be an int or {n} ints, got {tuple(value)}")
    return tuple(value)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1 A x2 + b for each output; weight is (out, in1, in2)."""
    out, in1, in2 = weight.shape
    rows = weight.transpose(1, 2).reshape(out * in2, in1)
    products = _C.linear(input1, rows).unflatten(-1, (out, in2))
    result = (products * input2.unsqueeze(-2)).sum(-1)
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
    """Cross-correlation over (N, C, L) or (C, L)."""
    if isinstance(padding, str):
        input, padding = resolve_padding(input, weight, stride, padding, dilation)
    return _C.conv1d(input, weight, bias, stride, padding, dilation, groups)


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
    if isinstance(padding, str):
        input, padding = resolve_padding(input, weight, stride, padding, dilation)
    return _C.conv2d(input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: str | Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation over (N, C, D, H, W) or (C, D, H, W)."""
    if isinstance(padding, str):
        input, padding = resolve_padding(input, weight, stride, padding, dilation)
    return _C.conv3d(input, weight, bias, stride, padding, dilation, groups)


def resolve_padding(
    input: Tensor, weight: Tensor, stride: Size, padding: str, dilation: Size
) -> tuple[Tensor, tuple[int, ...]]:
    """The numbers that 'same' or 'valid' stands for, and the input, which is padded here where
    'same' needs one more on the far side."""
    n = weight.dim() - 2
    if padding == "valid":
        return input, (0,) * n
    if padding != "same":
        raise ValueError(f"conv{n}d: padding must be 'same', 'valid' or numbers, got '{padding}'")
    if any(s != 1 for s in to_tuple(stride, n, "stride")):
        raise ValueError(f"conv{n}d: padding='same' needs stride 1, got {stride}")
    totals = [
        d * (k - 1)
        for d, k in zip(to_tuple(dilation, n, "dilation"), weight.shape[2:], strict=True)
    ]
    if any(total % 2 for total in totals):
        uneven = [side for total in reversed(totals) for side in (0, total % 2)]
        input = _C.pad(input, uneven, "constant", 0.0)
    return input, tuple(total // 2 for total in totals)


def unfold(
    input: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """All sliding blocks of (N, C, H, W) as columns: (N, C * kernel elements, blocks)."""
    if input.dim() not in (3, 4):
        raise ValueError(f"unfold: input must have 3 or 4 dimensions, got {tuple(input.shape)}")
    batched = input if input.dim() == 4 else input.unsqueeze(0)
    pad_h, pad_w = to_tuple(padding, 2, "unfold: padding")
    windows = _C.pad(batched, [pad_w, pad_w, pad_h, pad_h], "constant", 0.0)
    kernel = to_tuple(kernel_size, 2, "unfold: kernel_size")
    steps = to_tuple(stride, 2, "unfold: stride")
    dil_h, dil_w = to_tuple(dilation, 2, "unfold: dilation")
    windows = windows.unfold(2, dil_h * (kernel[0] - 1) + 1, steps[0])
    windows = windows.unfold(3, dil_w * (kernel[1] - 1) + 1, steps[1])
    windows = windows[..., ::dil_h, ::dil_w]  # (N, C, blocks high, blocks wide, kh, kw)
    n, c, high, wide = windows.shape[:4]
    columns = windows.permute(0, 1, 4, 5, 2, 3).reshape(n, c * kernel[0] * kernel[1], high * wide)
    return columns if input.dim() == 4 else columns.squeeze(0)


def fold(
    input: Tensor,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size = 1,
) -> Tensor:
    """Sum columns (N, C * kernel elements, blocks) back into (N, C, H, W); unfold's adjoint."""
    if input.dim() not in (2, 3):
        raise ValueError(f"fold: input must have 2 or 3 dimensions, got {tuple(input.shape)}")
    batched = input if input.dim() == 3 else input.unsqueeze(0)
    kernel = to_tuple(kernel_size, 2, "fold: kernel_size")
    sizes, steps, pads, dils = (
        to_tuple(value, 2, f"fold: {name}")
        for name, value in (
            ("output_size", output_size),
            ("stride", stride),
            ("padding", padding),
            ("dilation", dilation),
        )
    )
    spans = [sizes[i] + 2 * pads[i] - dils[i] * (kernel[i] - 1) - 1 for i in (0, 1)]
    blocks = [spans[i] // steps[i] + 1 for i in (0, 1)]
    elements = kernel[0] * kernel[1]
    n, rows, columns = batched.shape
    if rows % elements or columns != blocks[0] * blocks[1]:
        raise ValueError(
            f"fold: input {tuple(input.shape)} does not fit: dimension -2 must be a multiple of "
            f"{elements} and dimension -1 must be {blocks[0]} * {blocks[1]} blocks"
        )
    channels = rows // elements
    # A transposed convolution whose kernels are one-hot puts every element in its place.
    one_hot = _C.eye(elements, dtype=input.dtype, device=input.device)
    weight = one_hot.reshape(elements, 1, *kernel).repeat(channels, 1, 1, 1)
    rest = [spans[i] % steps[i] for i in (0, 1)]
    image = _C.conv_transpose2d(
        batched.reshape(n, rows, *blocks), weight, None, steps, pads, rest, channels, dils
    )
    return image if input.dim() == 3 else image.squeeze(0)
