"""Saving a Module's tensors into a dict and loading them back."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn.parameter import Parameter

if TYPE_CHECKING:
    from engine.nn.module import Module
    from engine.nn.registry import Registry

EXTRA_STATE = "_extra_state"


class _Keys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class IncompatibleKeys(_Keys):
    """Result of load_state_dict: keys missing in the dict, and keys that the module lacks."""

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()


def save(module: Module, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """Write the tensors of the module and of all below it into destination."""
    hooks = module._state_hooks
    if hooks is not None:
        for hook in hooks.save_pre.values():
            hook.function(module, prefix, keep_vars)
    local_metadata = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = local_metadata
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(
                destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
            )
    if hooks is not None:
        for hook in hooks.save_post.values():
            changed = hook.function(module, destination, prefix, local_metadata)
            if changed is not None:
                destination = changed
    return destination


def load(
    module: Module, state_dict: Mapping[str, Any], strict: bool, assign: bool
) -> IncompatibleKeys:
    """Copy the tensors into the module, or with `assign` use them as they are.

    Parameters that are one tensor under several names remain tied if the loaded values share
    memory too; PyTorch unties them.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(
            f"load_state_dict: state_dict must be a mapping, got {type(state_dict).__name__}"
        )
    metadata = getattr(state_dict, "_metadata", None)
    state: OrderedDict[str, Any] = OrderedDict(state_dict)
    result = IncompatibleKeys([], [])
    errors: list[str] = []
    ties = _find_ties(module) if assign else []
    with no_grad():
        _load_tree(module, state, "", metadata, strict, assign, result, errors)
    for names in ties:
        _tie_again(names)
    if strict:
        if result.unexpected_keys:
            errors.insert(0, f"Unexpected key(s) in state_dict: {_quoted(result.unexpected_keys)}.")
        if result.missing_keys:
            errors.insert(0, f"Missing key(s) in state_dict: {_quoted(result.missing_keys)}.")
    if errors:
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(errors)
        )
    return result


def _find_ties(module: Module) -> list[list[tuple[Registry, str]]]:
    """Return the registrations of each tensor that has several names."""
    found: dict[int, list[tuple[Registry, str]]] = {}
    for child in module.modules():
        for registry in (child._parameters, child._buffers):
            for name, tensor in registry.items():
                if tensor is not None:
                    found.setdefault(id(tensor), []).append((registry, name))
    return [names for names in found.values() if len(names) > 1]


def _tie_again(names: list[tuple[Registry, str]]) -> None:
    """Register one tensor under all its names if the assigned tensors share memory."""
    tensors = [registry[name] for registry, name in names if registry.get(name) is not None]
    views = {(t.data_ptr(), t.shape, t.stride(), t.dtype, t.requires_grad) for t in tensors}
    if len(tensors) == len(names) and len(views) == 1:
        for registry, name in names:
            registry[name] = tensors[0]


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def _load_tree(
    module: Module,
    state: OrderedDict[str, Any],
    prefix: str,
    metadata: Any,
    strict: bool,
    assign: bool,
    result: IncompatibleKeys,
    errors: list[str],
) -> None:
    local_metadata = dict(metadata.get(prefix[:-1], {})) if metadata is not None else {}
    local_metadata["assign_to_params_buffers"] = assign
    module._load_from_state_dict(
        state, prefix, local_metadata, True, result.missing_keys, result.unexpected_keys, errors
    )
    below = _split_by_child(state, prefix)
    for name, child in module._modules.items():
        if child is not None:
            _load_tree(
                child,
                below.get(name, OrderedDict()),
                f"{prefix}{name}.",
                metadata,
                strict,
                assign,
                result,
                errors,
            )
    if module._state_hooks is not None:
        for hook in module._state_hooks.load_post.values():
            hook.function(module, result)


def _split_by_child(state: Mapping[str, Any], prefix: str) -> dict[str, OrderedDict[str, Any]]:
    groups: dict[str, OrderedDict[str, Any]] = {}
    for key, value in state.items():
        head, dot, _ = key[len(prefix) :].partition(".")
        if dot:
            groups.setdefault(head, OrderedDict())[key] = value
    return groups


def load_own(
    module: Module,
    state: dict[str, Any],
    prefix: str,
    local_metadata: dict[str, Any],
    strict: bool,
    missing_keys: list[str],
    unexpected_keys: list[str],
    errors: list[str],
) -> None:
    """Load the module's own tensors; the default of Module._load_from_state_dict."""
    if module._state_hooks is not None:
        for hook in module._state_hooks.load_pre.values():
            hook.function(
                module, state, prefix, local_metadata, strict, missing_keys, unexpected_keys, errors
            )
    assign = local_metadata.get("assign_to_params_buffers", False)
    own = dict(module._parameters.items())
    own.update((k, v) for k, v in module._buffers.items() if module._buffer_names[k])
    for name, target in own.items():
        key = prefix + name
        if target is None:
            continue
        if key in state:
            _load_one(module, name, target, key, state[key], assign, errors)
        elif strict:
            missing_keys.append(key)
    _load_extra_state(module, state, prefix, strict, missing_keys, unexpected_keys)
    if strict:
        unexpected_keys.extend(_foreign_keys(module, state, prefix, own))


def _load_one(
    module: Module,
    name: str,
    target: Tensor,
    key: str,
    value: Any,
    assign: bool,
    errors: list[str],
) -> None:
    if not isinstance(value, Tensor):
        errors.append(f'"{key}": expected a Tensor in state_dict, got {type(value).__name__}.')
        return
    if target.dim() == 0 and tuple(value.shape) == (1,):
        value = value[0]
    if tuple(target.shape) != tuple(value.shape):
        errors.append(
            f"size mismatch for {key}: copying a param with shape {tuple(value.shape)} from "
            f"checkpoint, the shape in current model is {tuple(target.shape)}."
        )
        return
    try:
        if not assign:
            _warn_of_meta(target, value, key)
            target.copy_(value)
            return
        if isinstance(target, Parameter) and not isinstance(value, Parameter):
            value = Parameter(value, target.requires_grad)
        elif isinstance(target, Parameter):
            value.requires_grad_(target.requires_grad)
        setattr(module, name, value)
    except Exception as error:
        errors.append(f'While copying the parameter named "{key}", an error occurred: {error}')


def _warn_of_meta(target: Tensor, value: Tensor, key: str) -> None:
    if target.device.type == "meta" and value.device.type != "meta":
        warnings.warn(
            f"load_state_dict: {key!r} of the module is of the device meta, so that copying into it"
            " does nothing; assign=True takes the tensor over",
            stacklevel=2,
        )


def _load_extra_state(
    module: Module,
    state: Mapping[str, Any],
    prefix: str,
    strict: bool,
    missing_keys: list[str],
    unexpected_keys: list[str],
) -> None:
    key = prefix + EXTRA_STATE
    wanted = module._has_extra_state()
    if wanted and key in state:
        module.set_extra_state(state[key])
    elif wanted and strict:
        missing_keys.append(key)
    elif key in state and strict:
        unexpected_keys.append(key)


def _foreign_keys(
    module: Module, state: Mapping[str, Any], prefix: str, own: Mapping[str, Any]
) -> list[str]:
    foreign = []
    for key in state:
        if not key.startswith(prefix) or key == prefix + EXTRA_STATE:
            continue
        name = key[len(prefix) :]
        head, dot, _ = name.partition(".")
        # A parameter or child that is None counts as absent: its key is unexpected.
        known = module._modules.get(head) if dot else own.get(name)
        if known is None:
            foreign.append(key)
    return foreign
