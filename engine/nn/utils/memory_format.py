"""The memory format of convolutions' weights."""

from __future__ import annotations

from typing import Any

from engine.nn.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from engine.nn.module import Module


def convert_conv2d_weight_memory_format(module: Module, memory_format: Any) -> Module:
    """Store the weights of all 2-d convolutions of the module in the memory format."""
    return _convert(module, memory_format, (Conv2d, ConvTranspose2d))


def convert_conv3d_weight_memory_format(module: Module, memory_format: Any) -> Module:
    """Store the weights of all 3-d convolutions of the module in the memory format."""
    return _convert(module, memory_format, (Conv3d, ConvTranspose3d))


def _convert(module: Module, memory_format: Any, kinds: tuple[type, ...]) -> Module:
    layers: list[Any] = [layer for layer in module.modules() if isinstance(layer, kinds)]
    for layer in layers:
        layer.weight.data = layer.weight.detach().contiguous(memory_format=memory_format)
    return module
