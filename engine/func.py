"""Functions of modules and tensors, without state of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine.nn.module import Module
from engine.nn.utils.stateless import functional_call

__all__ = ["functional_call", "stack_module_state"]


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several models of one kind, each stacked along a new
    first dimension; parameters that are trained are leaves.

    Raises RuntimeError where there are no models, or they differ in class or mode.

    >>> import engine
    >>> params, buffers = engine.func.stack_module_state([engine.nn.Linear(2, 1) for _ in range(3)])
    >>> tuple(params["weight"].shape), buffers
    ((3, 1, 2), {})
    """
    if not models:
        raise RuntimeError("stack_module_state: models must not be empty")
    if len({type(model) for model in models}) > 1 or len({m.training for m in models}) > 1:
        raise RuntimeError("stack_module_state: models must be of one class and in one mode")
    params = {
        name: _stacked([dict(model.named_parameters())[name] for model in models])
        for name, _ in models[0].named_parameters()
    }
    buffers = {
        name: _stacked([dict(model.named_buffers())[name] for model in models])
        for name, _ in models[0].named_buffers()
    }
    return params, buffers


def _stacked(tensors: list[Any]) -> Any:
    wanted = {tensor.requires_grad for tensor in tensors}
    if len(wanted) > 1:
        raise RuntimeError("stack_module_state: a parameter is trained in some models only")
    return _C.stack([t.detach() for t in tensors]).requires_grad_(wanted.pop())


guard_functions(globals(), __all__)
