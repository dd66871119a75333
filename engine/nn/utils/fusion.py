"""Folding batch normalisation into the layer before it, for inference."""

from __future__ import annotations

import copy
from typing import Any

from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn.parameter import Parameter


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A convolution equal to conv followed by bn in evaluation mode.

    >>> from engine import nn
    >>> conv, bn = nn.Conv2d(3, 4, 1, bias=False).eval(), nn.BatchNorm2d(4).eval()
    >>> nn.utils.fuse_conv_bn_eval(conv, bn)
    Conv2d(3, 4, kernel_size=(1, 1), stride=(1, 1))
    """
    return _fuse(conv, bn, fuse_conv_bn_weights, transpose)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A linear layer equal to linear followed by bn in evaluation mode."""
    return _fuse(linear, bn, fuse_linear_bn_weights)


def _fuse(layer: Any, bn: Any, fuse_weights: Any, *options: Any) -> Any:
    if layer.training or bn.training:
        raise ValueError("fusing needs both modules in evaluation mode; call eval() first")
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError("fusing needs a batch norm that has running statistics")
    fused = copy.deepcopy(layer)
    fused.weight, fused.bias = fuse_weights(
        fused.weight,
        fused.bias,
        bn.running_mean,
        bn.running_var,
        bn.eps,
        bn.weight,
        bn.bias,
        *options,
    )
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the fused convolution; a transposed one has its output channels in
    dimension 1."""
    with no_grad():
        scale = (bn_rv + bn_eps).rsqrt()
        if bn_w is not None:
            scale = scale * bn_w
        bias = -bn_rm if conv_b is None else conv_b - bn_rm
        bias = bias * scale if bn_b is None else bias * scale + bn_b
        shape = [1] * conv_w.dim()
        shape[1 if transpose else 0] = -1
        weight = conv_w * scale.reshape(shape).to(conv_w.dtype)
    return (
        Parameter(weight, conv_w.requires_grad),
        Parameter(bias.to(conv_w.dtype), conv_w.requires_grad),
    )


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the fused linear layer."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
