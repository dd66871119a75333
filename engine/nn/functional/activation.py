"""Activations: elementwise functions, gates and softmax."""

from __future__ import annotations

import warnings
from typing import Any

from engine import _C
from engine._C import Tensor

gelu = _C.gelu
prelu = _C.prelu
sigmoid = _C.sigmoid
softplus = _C.softplus
tanh = _C.tanh


def _in_place(name: str, input: Tensor, *options: float) -> Tensor:
    """Calls the op's in-place form, or the op on a copy if a gradient will read the input."""
    if _C.is_grad_enabled() and input.requires_grad:
        return input.copy_(getattr(_C, name)(input.clone(), *options))
    return getattr(_C, name + "_")(input, *options)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0).

    >>> import engine
    >>> engine.nn.functional.relu(engine.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return _C.relu_(input) if inplace else _C.relu(input)


def relu_(input: Tensor) -> Tensor:
    """relu in place."""
    return _C.relu_(input)


celu_ = _C.celu_
elu_ = _C.elu_
hardtanh_ = _C.hardtanh_
leaky_relu_ = _C.leaky_relu_
selu_ = _C.selu_


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x cut to [min_val, max_val]."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val {min_val} is greater than max_val {max_val}")
    if inplace:
        return _in_place("hardtanh", input, min_val, max_val)
    return _C.hardtanh(input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x cut to [0, 6]."""
    return hardtanh(input, 0.0, 6.0, inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where positive, negative_slope * x elsewhere."""
    if negative_slope < 0:  # the op's gradient infers the sign of x from the output
        result = _C.where(input > 0, input, input * negative_slope)
        return input.copy_(result) if inplace else result
    return (_C.leaky_relu_ if inplace else _C.leaky_relu)(input, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, alpha * (exp(x) - 1) elsewhere (Clevert et al., 2015)."""
    return (_C.elu_ if inplace else _C.elu)(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """The self-normalising scaled elu (Klambauer et al., 2017)."""
    return _C.selu_(input) if inplace else _C.selu(input)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The continuously differentiable elu, alpha * elu(x / alpha) (Barron, 2017)."""
    return (_C.celu_ if inplace else _C.celu)(input, alpha)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x), also known as swish."""
    return _in_place("silu", input) if inplace else _C.silu(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)) (Misra, 2019)."""
    return _in_place("mish", input) if inplace else _C.mish(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * relu6(x + 3) / 6 (Howard et al., 2019)."""
    return _in_place("hardswish", input) if inplace else _C.hardswish(input)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6."""
    return _in_place("hardsigmoid", input) if inplace else _C.hardsigmoid(input)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it is above the threshold, `value` elsewhere."""
    below = input <= threshold
    return input.masked_fill_(below, value) if inplace else input.masked_fill(below, value)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """leaky_relu with a slope drawn from [lower, upper), or their mean outside training."""
    if lower > upper:
        raise ValueError(f"rrelu: expected lower <= upper, got {lower} and {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    slope = _C.rand_like(input.detach()) * (upper - lower) + lower
    slope = slope.masked_fill(input >= 0, 1.0)
    return input.mul_(slope) if inplace else input * slope


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """threshold in place."""
    return input.masked_fill_(input <= threshold, value)


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """rrelu in place."""
    return rrelu(input, lower, upper, training, inplace=True)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along dim times the sigmoid of the second (Dauphin et al., 2016)."""
    if input.size(dim) % 2:
        raise ValueError(f"glu: the size of dimension {dim} must be even, got {input.size(dim)}")
    value, gate = input.chunk(2, dim)
    return value * _C.sigmoid(gate)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x))."""
    return _C._log_sigmoid(input)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > lambd, 0 elsewhere."""
    return input.masked_fill(input.abs() <= lambd, 0.0)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x shrunk towards 0 by lambd, 0 where |x| <= lambd."""
    if lambd < 0:
        raise ValueError(f"softshrink: lambd must not be negative, got {lambd}")
    return input - _C.clamp(input, -lambd, lambd)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - _C.tanh(input)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (1 + input.abs())


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """exp(x) / sum(exp(x)) along dim.

    >>> import engine
    >>> engine.nn.functional.softmax(engine.zeros(4), dim=0).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    return _C.softmax(input, _implicit_dim("softmax", input, dim), dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """log(softmax(x)) along dim, without overflow."""
    return _C.log_softmax(input, _implicit_dim("log_softmax", input, dim), dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """softmax(-x) along dim."""
    return softmax(-input, dim, _stacklevel, dtype)


def _implicit_dim(name: str, input: Tensor, dim: int | None) -> int:
    if dim is not None:
        return dim
    warnings.warn(f"{name}: give dim; it is chosen by the number of dimensions", stacklevel=4)
    return 0 if input.dim() in (0, 1, 3) else 1


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample of the Gumbel-softmax distribution (Jang et al., 2016), one-hot where `hard`
    with the gradient of the soft sample."""
    if not logits.is_floating_point():
        raise TypeError(f"gumbel_softmax: logits: expected a floating dtype, got {logits.dtype}")
    if eps != 1e-10:
        warnings.warn("gumbel_softmax: eps is deprecated and has no effect", stacklevel=2)
    uniform = _C.rand(logits.shape, device=logits.device).clamp(min=1e-10)
    gumbels = -(-uniform.log()).log()
    soft = _C.softmax((logits + gumbels.to(logits.dtype)) / tau, dim)
    if not hard:
        return soft
    index = soft.argmax(dim, keepdim=True)
    one_hot = _C.zeros_like(logits).scatter(dim, index, 1.0)
    return one_hot - soft.detach() + soft
