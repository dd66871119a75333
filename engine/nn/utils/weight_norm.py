"""Weight normalisation by a forward pre-hook; prefer ``parametrizations.weight_norm``."""

from __future__ import annotations

import warnings
from typing import Any

from engine._C import Tensor
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.nn.utils.parametrizations import norm_except_dim


class WeightNorm:
    """Computes the weight from ``<name>_g`` and ``<name>_v`` before each forward."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = None if dim == -1 else dim

    def compute_weight(self, module: Module) -> Tensor:
        """The direction times the magnitude."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return v * (g / norm_except_dim(v, self.dim))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn magnitude ``<name>_g`` and direction ``<name>_v`` of the weight apart.

    Deprecated in favour of ``parametrizations.weight_norm``, which computes the weight when it is
    read and not when the module is called.

    >>> import warnings
    >>> from engine import nn
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", FutureWarning)
    ...     layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    warnings.warn(
        "nn.utils.weight_norm is deprecated in favour of nn.utils.parametrizations.weight_norm",
        FutureWarning,
        stacklevel=2,
    )
    hooks = _hooks(module)
    if any(hook.name == name for hook in hooks.values()):
        raise RuntimeError(f"weight_norm: '{name}' is normalised already")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name)
    delattr(module, name)
    module.register_parameter(name + "_g", Parameter(norm_except_dim(weight.detach(), hook.dim)))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def _hooks(module: Module) -> dict[int, WeightNorm]:
    if module._call_hooks is None:
        return {}
    found = {key: hook.function for key, hook in module._call_hooks.forward_pre.items()}
    return {key: hook for key, hook in found.items() if isinstance(hook, WeightNorm)}


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight a plain parameter again; ValueError if it is not normalised."""
    for key, hook in _hooks(module).items():
        if hook.name == name:
            weight = hook.compute_weight(module).detach()
            for part in (name, name + "_g", name + "_v"):
                delattr(module, part)
            module.register_parameter(name, Parameter(weight))
            module._ensure_call_hooks().forward_pre.pop(key)
            return module
    raise ValueError(f"remove_weight_norm: '{name}' of {type(module).__name__} is not normalised")
