"""Convolution layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine.nn import functional as F, init
from engine.nn.functional.conv import to_tuple
from engine.nn.module import Module
from engine.nn.parameter import Parameter

Size = int | Sequence[int]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """The common base of all convolutions; `_dims` is the number of spatial dimensions."""

    _dims: int
    padding: str | tuple[int, ...]
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        padding: str | Size,
        dilation: Size,
        transposed: bool,
        output_padding: Size,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        name, n = type(self).__name__, self._dims
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = to_tuple(kernel_size, n, f"{name}: kernel_size")
        self.stride = to_tuple(stride, n, f"{name}: stride")
        self.dilation = to_tuple(dilation, n, f"{name}: dilation")
        self.output_padding = to_tuple(output_padding, n, f"{name}: output_padding")
        if not isinstance(padding, str):
            padding = to_tuple(padding, n, f"{name}: padding")
        self.padding = padding
        self.transposed = transposed
        self.groups = groups
        self.padding_mode = padding_mode
        self._check(name)
        channels = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        shape = (channels[0], channels[1] // groups, *self.kernel_size)
        self.weight = Parameter(_C.empty(*shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(_C.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _check(self, name: str) -> None:
        if self.groups <= 0:
            raise ValueError(f"{name}: groups must be positive, got {self.groups}")
        for what in ("in_channels", "out_channels"):
            if getattr(self, what) % self.groups:
                raise ValueError(
                    f"{name}: {what} {getattr(self, what)} is no multiple of groups {self.groups}"
                )
        if isinstance(self.padding, str):
            if self.padding not in ("same", "valid"):
                raise ValueError(
                    f"{name}: padding must be 'same', 'valid' or numbers, got '{self.padding}'"
                )
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError(f"{name}: padding='same' needs stride 1, got {self.stride}")
        if self.padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"{name}: padding_mode must be one of {_PADDING_MODES}, got '{self.padding_mode}'"
            )

    def reset_parameters(self) -> None:
        """Draw new values, uniform within 1 / sqrt(fan in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = self.weight[0].numel()
            bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
            init.uniform_(self.bias, -bound, bound)

    def _margins(self) -> list[int]:
        """The padding as F.pad takes it: last dimension first, both sides."""
        margins: list[int] = []
        for i in reversed(range(self._dims)):
            if self.padding == "same":
                total = self.dilation[i] * (self.kernel_size[i] - 1)
                margins += [total // 2, total - total // 2]
            else:
                width = 0 if isinstance(self.padding, str) else self.padding[i]
                margins += [width, width]
        return margins

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if isinstance(self.padding, str) or any(self.padding):
            text += f", padding={self.padding}"
        if any(d != 1 for d in self.dilation):
            text += f", dilation={self.dilation}"
        if any(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(_ConvNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str | Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            False,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        raise NotImplementedError

    def _pad_as_mode_says(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input, padded unless the mode is 'zeros', and the padding left to the convolution."""
        if self.padding_mode == "zeros":
            return input, self.padding
        return F.pad(input, self._margins(), self.padding_mode), (0,) * self._dims


class Conv1d(_Conv):
    """Cross-correlation over (N, C, L); see Conv2d."""

    _dims = 1

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self._pad_as_mode_says(input)
        return F.conv1d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_Conv):
    """Cross-correlation over (N, C, H, W); weight is (out, in / groups, kernel height, width).

    padding is a number of pixels, one for each dimension, 'same' or 'valid'.

    >>> import engine
    >>> layer = engine.nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)
    >>> tuple(layer(engine.zeros(1, 3, 32, 32)).shape)
    (1, 8, 16, 16)
    """

    _dims = 2

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self._pad_as_mode_says(input)
        return F.conv2d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_Conv):
    """Cross-correlation over (N, C, D, H, W); see Conv2d."""

    _dims = 3

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self._pad_as_mode_says(input)
        return F.conv3d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class _ConvTranspose(_ConvNd):
    padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str | Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(
                f"{type(self).__name__}: padding_mode must be 'zeros', got '{padding_mode}'"
            )
        if isinstance(padding, str):
            raise ValueError(f"{type(self).__name__}: padding must be numbers, got '{padding}'")
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            True,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _output_padding(self, input: Tensor, output_size: Sequence[int] | None) -> Size:
        """output_padding, or what is needed to reach output_size."""
        if output_size is None:
            return self.output_padding
        n, name = self._dims, type(self).__name__
        if input.dim() not in (n + 1, n + 2):
            raise ValueError(
                f"{name}: input must have {n + 1} or {n + 2} dimensions, got {tuple(input.shape)}"
            )
        sizes = list(output_size)[-n:]
        extra = []
        for i, wanted in enumerate(sizes):
            span = self.dilation[i] * (self.kernel_size[i] - 1) + 1
            smallest = (input.shape[i - n] - 1) * self.stride[i] - 2 * self.padding[i] + span
            if not 0 <= wanted - smallest < max(self.stride[i], self.dilation[i]):
                raise ValueError(
                    f"{name}: output_size {tuple(sizes)} cannot be reached: dimension {i} is "
                    f"at least {smallest} and at most {smallest + self.stride[i] - 1}"
                )
            extra.append(wanted - smallest)
        return tuple(extra)


class ConvTranspose1d(_ConvTranspose):
    """The gradient of Conv1d as a layer of its own; see ConvTranspose2d."""

    _dims = 1

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        return F.conv_transpose1d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            extra,
            self.groups,
            self.dilation,
        )


class ConvTranspose2d(_ConvTranspose):
    """The gradient of Conv2d as a layer of its own; weight is (in, out / groups, height, width).

    >>> import engine
    >>> layer = engine.nn.ConvTranspose2d(8, 3, kernel_size=2, stride=2)
    >>> tuple(layer(engine.zeros(1, 8, 16, 16)).shape)
    (1, 3, 32, 32)
    """

    _dims = 2

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        return F.conv_transpose2d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            extra,
            self.groups,
            self.dilation,
        )


class ConvTranspose3d(_ConvTranspose):
    """The gradient of Conv3d as a layer of its own; see ConvTranspose2d."""

    _dims = 3

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        return F.conv_transpose3d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            extra,
            self.groups,
            self.dilation,
        )
