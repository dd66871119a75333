"""The graph as an object: hooks on its nodes, and on the tensors that they save.

Importing this module gives ``Node`` its hooks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, NamedTuple

from engine import _C
from engine._C import Node as Node, Tensor
from engine._hooks import RemovableHandle

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def _register_hook(self: Node, fn: Callable[[Any, Any], Any]) -> RemovableHandle:
    """Calls ``fn(grad_inputs, grad_outputs)``, tuples of tensors and None, after the node has run.

    ``grad_outputs`` are the gradients of the node's results, ``grad_inputs`` those of its inputs in
    the order of ``next_functions``; a tuple that ``fn`` returns replaces them.
    """
    return _handle(self, self._register_hook(fn))


def _register_prehook(self: Node, fn: Callable[[Any], Any]) -> RemovableHandle:
    """Calls ``fn(grad_outputs)`` before the node runs; a tuple that it returns replaces them."""
    return _handle(self, self._register_prehook(fn))


def _handle(node: Node, id: int) -> RemovableHandle:
    return RemovableHandle(id, lambda: node._remove_hook(id))


for _name, _function in {
    "register_hook": _register_hook,
    "register_prehook": _register_prehook,
}.items():
    setattr(Node, _name, _function)


class GradientEdge(NamedTuple):
    """A node and the index of one of its results."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The node that computed ``tensor`` and the index of its result.

    Raises RuntimeError for a tensor that requires no gradient.

    >>> import engine
    >>> y = engine.ones(1, requires_grad=True) * 2
    >>> engine.autograd.graph.get_gradient_edge(y).output_nr
    0
    """
    if not tensor.requires_grad:
        raise RuntimeError("get_gradient_edge: expected a tensor that requires a gradient")
    return GradientEdge(*_C._gradient_edge(tensor))


class _Stack(threading.local):
    hooks: list[tuple[Callable[..., Any], Callable[..., Any]]]
    disabled: str | None

    def __init__(self) -> None:
        self.hooks, self.disabled = [], None


_stack = _Stack()


def _current_hooks() -> tuple[Callable[..., Any], Callable[..., Any]]:
    return _stack.hooks[-1]


class saved_tensors_hooks:
    """Packs the tensors that the graph saves by ``pack_hook``, inside a ``with`` block.

    The graph stores what ``pack_hook(tensor)`` returns, and the backward pass reads
    ``unpack_hook(packed)``, which must return an equal tensor. The innermost block applies.

    >>> import engine
    >>> x = engine.tensor([1.0, 2.0], requires_grad=True)
    >>> with engine.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(), engine.from_numpy):
    ...     y = (x * x).sum()
    >>> y.backward(); x.grad
    tensor([2., 4.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if _stack.disabled is not None:
            raise RuntimeError(_stack.disabled)
        _stack.hooks.append((self._pack, self.unpack_hook))
        _C._set_saving_hooks(True)

    def __exit__(self, *_: object) -> None:
        _stack.hooks.pop()
        _C._set_saving_hooks(bool(_stack.hooks))

    def _pack(self, tensor: Tensor) -> Any:
        """Packs with hooks disabled, as tensors saved by the hook itself are not packed."""
        _C._set_saving_hooks(False)
        try:
            return self.pack_hook(tensor)
        finally:
            _C._set_saving_hooks(True)


class save_on_cpu(saved_tensors_hooks):
    """Stores copies of the tensors that the graph saves in the host's memory.

    ``pin_memory`` raises RuntimeError: no device reads pinned memory.

    >>> import engine
    >>> x = engine.tensor(3.0, requires_grad=True)
    >>> with engine.autograd.graph.save_on_cpu():
    ...     y = x * x
    >>> y.backward(); x.grad
    tensor(6.)
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        if pin_memory:
            raise RuntimeError("save_on_cpu: there is no device that reads pinned memory")
        super().__init__(
            lambda tensor: (tensor.device, tensor.cpu().clone()),
            lambda packed: packed[1].to(packed[0]),
        )


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Any:
    """Makes ``saved_tensors_hooks`` raise RuntimeError with that message inside the block.

    >>> import engine
    >>> with engine.autograd.graph.disable_saved_tensors_hooks("not here"):
    ...     with engine.autograd.graph.save_on_cpu(): pass
    Traceback (most recent call last):
        ...
    RuntimeError: not here
    """
    before, _stack.disabled = _stack.disabled, error_message
    try:
        yield
    finally:
        _stack.disabled = before


class Packed:
    """A tensor saved by a Python function, packed by the active hooks."""

    def __init__(self, tensor: Tensor) -> None:
        pack, self._unpack = _current_hooks()
        self.original = id(tensor)
        self._edge = _C._gradient_edge(tensor) if tensor.requires_grad else None
        self._packed = pack(tensor.detach())

    def unpack(self) -> Tensor:
        """The tensor, with its node."""
        tensor = self._unpack(self._packed)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"saved_tensors_hooks: unpack_hook: expected Tensor, got {type(tensor).__name__}"
            )
        return tensor if self._edge is None else _C._as_result(tensor, *self._edge)


def packed(tensor: Tensor | None) -> Any:
    """The saved form of a tensor in a Python function: the tensor itself if there are no hooks."""
    return tensor if tensor is None or not _stack.hooks else Packed(tensor)
