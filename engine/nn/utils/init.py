"""Layers without their initialisation."""

from __future__ import annotations

from typing import Any

from engine.nn.module import Module


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """``module_cls(*args, **kwargs)`` with uninitialised parameters and buffers.

    The module is created on the meta device and then moved to ``device``. Raises RuntimeError
    for a class that is no Module or whose constructor has no ``device``.

    >>> from engine import nn
    >>> nn.utils.skip_init(nn.Linear, 2, 3)
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"skip_init: module_cls must be a Module class, got {module_cls!r}")
    if not _takes_device(module_cls):
        raise RuntimeError(f"skip_init: {module_cls.__name__} takes no argument 'device'")
    device = kwargs.pop("device", None)
    construct: Any = module_cls
    module: Module = construct(*args, device="meta", **kwargs)
    return module.to_empty(device="cpu" if device is None else device)


def _takes_device(module_cls: type[Module]) -> bool:
    import inspect  # slow to import

    parameters = inspect.signature(module_cls).parameters
    return "device" in parameters or any(
        p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
    )
