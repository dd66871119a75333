"""``torch.func``: derivatives, batching, and modules as functions of their parameters."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine.compat.finder import missing
from engine.func.batching import vmap
from engine.func.derivatives import (
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    vjp,
)
from engine.nn.module import Module
from engine.nn.normalization import _BatchNorm
from engine.nn.utils.stateless import functional_call

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]


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


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Has all batch normalisations below ``root`` normalise by the batch and track no statistics.

    A call of such a module changes no buffer. Returns ``root``.

    >>> import engine
    >>> net = engine.nn.Sequential(engine.nn.BatchNorm1d(2))
    >>> engine.func.replace_all_batch_norm_modules_(net)[0].running_mean is None
    True
    """
    for module in root.modules():
        if isinstance(module, _BatchNorm) and module.track_running_stats:
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def _stacked(tensors: list[Any]) -> Any:
    wanted = {tensor.requires_grad for tensor in tensors}
    if len(wanted) > 1:
        raise RuntimeError("stack_module_state: a parameter is trained in some models only")
    return _C.stack([t.detach() for t in tensors]).requires_grad_(wanted.pop())


__getattr__ = functools.partial(missing, __name__)
guard_functions(globals(), __all__)
