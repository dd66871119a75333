"""Spectral normalisation by a forward pre-hook; prefer ``parametrizations.spectral_norm``."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn.functional import normalize
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.nn.utils.parametrizations import output_dim


class SpectralNorm:
    """Computes the weight from ``<name>_orig`` before each forward."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                f"spectral_norm: n_power_iterations must be positive, got {n_power_iterations}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def as_matrix(self, weight: Tensor) -> Tensor:
        """The weight with its output dimension first and all others joined."""
        return weight.movedim(self.dim, 0).flatten(1)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """The original divided by its largest singular value, estimated by power iteration."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = self.as_matrix(weight)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(normalize(matrix.mv(v), dim=0, eps=self.eps))
        u, v = u.clone(), v.clone()
        return weight / u.dot(matrix.mv(v))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide the weight by its largest singular value at each forward (Miyato et al., 2018).

    The trained parameter is ``<name>_orig``. ``parametrizations.spectral_norm`` computes the
    weight when it is read instead.

    >>> from engine import nn
    >>> sorted(nn.utils.spectral_norm(nn.Linear(3, 2)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if any(hook.name == name for hook in _hooks(module).values()):
        raise RuntimeError(f"spectral_norm: '{name}' is normalised already")
    hook = SpectralNorm(name, n_power_iterations, output_dim(module) if dim is None else dim, eps)
    weight = module._parameters.get(name)
    if weight is None:
        raise ValueError(f"spectral_norm: {type(module).__name__} has no parameter '{name}'")
    matrix = hook.as_matrix(weight.detach())
    u, v = (
        normalize(_C.randn(size, dtype=matrix.dtype, device=matrix.device), dim=0, eps=eps)
        for size in matrix.shape
    )
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def _hooks(module: Module) -> dict[int, SpectralNorm]:
    if module._call_hooks is None:
        return {}
    found = {key: hook.function for key, hook in module._call_hooks.forward_pre.items()}
    return {key: hook for key, hook in found.items() if isinstance(hook, SpectralNorm)}


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight a plain parameter again; ValueError if it is not normalised."""
    for key, hook in _hooks(module).items():
        if hook.name == name:
            with no_grad():
                weight = hook.compute_weight(module, do_power_iteration=False)
            for part in (name, name + "_u", name + "_v", name + "_orig"):
                delattr(module, part)
            module.register_parameter(name, Parameter(weight.detach()))
            module._ensure_call_hooks().forward_pre.pop(key)
            return module
    raise ValueError(f"remove_spectral_norm: '{name}' of {type(module).__name__} is not normalised")
