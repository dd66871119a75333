"""Arithmetic composed of other ops."""

from __future__ import annotations

from typing import Any, NamedTuple

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._lazy import numpy as np
from engine._tensor import method
from engine.autograd.function import Function

__all__ = ["fill", "frexp", "renorm"]


class FloatParts(NamedTuple):
    """The result of :func:`frexp`."""

    mantissa: Tensor
    exponent: Tensor


class _Frexp(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        values = x.detach()
        wide = values.float() if values.dtype == _C.bfloat16 else values
        mantissa, exponent = np.frexp(wide.numpy())
        parts = _C.from_numpy(np.asarray(mantissa)).to(x.dtype), _C.from_numpy(np.asarray(exponent))
        ctx.mark_non_differentiable(parts[1])
        ctx.save_for_backward(parts[1])
        return parts

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> Tensor:
        (exponent,) = ctx.saved_tensors
        return _C.ldexp(grad, -exponent)


def frexp(input: Tensor) -> Any:
    """Mantissas in [0.5, 1), with the sign, and exponents: ``input = mantissa * 2**exponent``.

    >>> import engine
    >>> engine.frexp(engine.tensor([1.0, -6.0]))
    FloatParts(mantissa=tensor([ 0.5000, -0.7500]), exponent=tensor([1, 3], dtype=int32))
    """
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"frexp: input: expected a floating dtype, got {input.dtype}")
    return FloatParts(*_Frexp.apply(input))


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """The slices along ``dim``, those whose p-norm exceeds ``maxnorm`` scaled down to it.

    >>> import engine
    >>> engine.renorm(engine.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    if input.dim() < 2:
        raise RuntimeError(
            f"renorm: input: expected 2 dimensions or more, got shape {tuple(input.shape)}"
        )
    if p <= 0 or maxnorm < 0:
        raise RuntimeError(
            f"renorm: expected p of more than 0 and maxnorm of 0 or more, got {p} and {maxnorm}"
        )
    others = [d for d in range(input.dim()) if d != dim % input.dim()]
    norms = input.norm(p, others, keepdim=True)
    return input * _C.where(norms > maxnorm, maxnorm / (norms + 1e-7), 1.0)


@method
def renorm_(self: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """:func:`renorm` in place."""
    return self.copy_(renorm(self, p, dim, maxnorm))


@method
def float_power_(self: Tensor, exponent: Any) -> Tensor:
    """:func:`float_power` in place, of a tensor in float64."""
    if self.dtype != _C.float64:
        raise RuntimeError(f"float_power_: self: the result is float64, got {self.dtype}")
    return self.pow_(exponent)


def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like ``input`` with all elements equal to ``value``.

    >>> import engine
    >>> engine.fill(engine.zeros(2), 3)
    tensor([3., 3.])
    """
    return _C.zeros_like(input).fill_(value)


guard_functions(globals(), __all__)
for _function in (frexp, renorm):
    method(_function)
