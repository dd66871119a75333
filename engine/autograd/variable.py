"""``Variable``, the former class of tensors with gradients."""

from __future__ import annotations

from typing import Any

from engine._C import Tensor


class _VariableType(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor)

    def __call__(cls, data: Tensor | None = None, requires_grad: bool = False) -> Tensor:
        if data is None:
            data = Tensor()
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Variable: argument 'data': expected Tensor, got {type(data).__name__}"
            )
        return data.detach().requires_grad_(requires_grad)


class Variable(metaclass=_VariableType):
    """Gives a tensor over the memory of ``data``, outside the graph; all tensors are instances.

    >>> import engine
    >>> engine.autograd.Variable(engine.ones(1), requires_grad=True)
    tensor([1.], requires_grad=True)
    """
