"""Functional calls of a module, with given parameters and buffers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine._C import Tensor
from engine.nn.module import Module

_ABSENT = object()


def functional_call(
    module: Module,
    parameters_and_buffer_dicts: Mapping[str, Tensor]
    | list[Mapping[str, Tensor]]
    | tuple[Any, ...],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with the given tensors in place of its own, by dotted name.

    The module's tensors are restored afterwards; gradients flow into those given. All names of a
    tied weight are replaced unless ``tie_weights`` is False. ``strict`` requires exactly the names
    of the module; otherwise unknown names have no effect. Raises ValueError or RuntimeError for
    names that do not match.

    >>> import engine
    >>> layer = engine.nn.Linear(2, 1, bias=False)
    >>> weight = engine.ones(1, 2, requires_grad=True)
    >>> engine.nn.utils.stateless.functional_call(layer, {"weight": weight}, engine.ones(2))
    tensor([2.], grad_fn=<linear>)
    """
    tensors = _merged(parameters_and_buffer_dicts)
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, tensors, tie_weights, strict):
        return module(*positional, **(kwargs or {}))


def _merged(dicts: Any) -> dict[str, Any]:
    if isinstance(dicts, Mapping):
        return dict(dicts)
    if not isinstance(dicts, (list, tuple)) or not all(isinstance(d, Mapping) for d in dicts):
        raise ValueError(
            "functional_call: parameters_and_buffer_dicts must be a dict or a list of dicts, got "
            f"{type(dicts).__name__}"
        )
    merged = {name: tensor for one in dicts for name, tensor in one.items()}
    if len(merged) < sum(map(len, dicts)):
        raise ValueError("functional_call: the dicts have names in common")
    return merged


def _groups(module: Module) -> dict[str, set[str]]:
    """All names of the same tensor, by each name of a parameter or buffer."""
    named = [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]
    by_tensor: dict[int, set[str]] = {}
    for name, tensor in named:
        by_tensor.setdefault(id(tensor), set()).add(name)
    return {name: by_tensor[id(tensor)] for name, tensor in named}


def _with_tied(tensors: dict[str, Any], groups: Mapping[str, set[str]]) -> dict[str, Any]:
    result = dict(tensors)
    for name, tensor in tensors.items():
        for other in groups.get(name, ()):
            if result.setdefault(other, tensor) is not tensor:
                raise ValueError(
                    f"functional_call: '{name}' and '{other}' are one tied tensor, but were given "
                    "different values; pass tie_weights=False"
                )
    return result


@contextmanager
def _replaced(
    module: Module, tensors: dict[str, Any], tie_weights: bool, strict: bool
) -> Iterator[None]:
    groups = _groups(module)
    if tie_weights:
        tensors = _with_tied(tensors, groups)
    unknown = [name for name in tensors if name not in groups]
    missing = [name for name in groups if name not in tensors] if strict else []
    if (unknown and strict) or missing:
        raise RuntimeError(
            f"functional_call: unexpected names {unknown} and missing names {missing} for "
            f"{type(module).__name__}"
        )
    saved = []
    try:
        for name, tensor in tensors.items():
            path, _, last = name.rpartition(".")
            attributes = module.get_submodule(path).__dict__
            saved.append((attributes, last, attributes.get(last, _ABSENT)))
            attributes[last] = tensor
        yield
    finally:
        for attributes, last, own in reversed(saved):
            if own is _ABSENT:
                del attributes[last]
            else:
                attributes[last] = own
