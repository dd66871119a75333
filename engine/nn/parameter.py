"""Tensors that a Module knows as its own: parameters, which are trained, and buffers."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor


class Parameter(Tensor):
    """A tensor that a Module lists among its parameters when it is assigned as an attribute.

    It shares the memory of `data`. A 0-element tensor is made where none is given.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.zeros(2, 3))
    >>> weight.requires_grad, tuple(weight.shape)
    (True, (2, 3))
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = _C.empty(0)
        if not isinstance(data, Tensor):
            raise TypeError(f"Parameter: data must be a Tensor, got {type(data).__name__}")
        return _C._make_subclass(cls, data.detach(), requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.data, self.requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer:
    """Marks a tensor that `Module.__setattr__` shall register as a buffer.

    >>> import engine
    >>> module = engine.nn.Module()
    >>> module.scale = engine.nn.Buffer(engine.ones(2), persistent=False)
    >>> [name for name, _ in module.named_buffers()], list(module.state_dict())
    (['scale'], [])
    """

    def __init__(self, data: Tensor, *, persistent: bool = True) -> None:
        self.data = data
        self.persistent = persistent
