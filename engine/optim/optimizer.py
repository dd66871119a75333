"""The base class of all optimizers."""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine._C import Tensor
from engine._hooks import Hook, HookTable, RemovableHandle, register
from engine.autograd import enable_grad

Closure = Callable[[], Any]
ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
State = dict[str, Any]


class _RequiredParameter:
    """The default of an option that each group must specify."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _RequiredParameter()

_global_step_pre_hooks = HookTable()
_global_step_post_hooks = HookTable()


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """Run the hooks around a step, only once if a step calls its parent's."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if type(self).step is not hooked:
            return step(self, *args, **kwargs)
        self._opt_called = True
        if _global_step_pre_hooks or self.__dict__.get("_optimizer_step_pre_hooks"):
            args, kwargs = _run_pre_hooks(self, args, kwargs)
        result = step(self, *args, **kwargs)
        if _global_step_post_hooks or self.__dict__.get("_optimizer_step_post_hooks"):
            own = self._hooks("_optimizer_step_post_hooks")
            for hook in [*own.values(), *_global_step_post_hooks.values()]:
                hook.function(self, args, kwargs)
        return result

    return hooked


def _run_pre_hooks(optimizer: Optimizer, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments of the step after the hooks."""
    own = optimizer._hooks("_optimizer_step_pre_hooks")
    for hook in [*_global_step_pre_hooks.values(), *own.values()]:
        changed = hook.function(optimizer, args, kwargs)
        if changed is None:
            continue
        if not isinstance(changed, tuple) or len(changed) != 2:
            raise RuntimeError(
                f"{hook.function}: a hook before a step must return None or a tuple of new args "
                f"and new kwargs, got {changed!r}"
            )
        args, kwargs = changed
    return args, kwargs


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before each step of every optimizer."""
    return register(_global_step_pre_hooks, Hook(hook))


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after each step of every optimizer."""
    return register(_global_step_post_hooks, Hook(hook))


class Optimizer:
    """Groups of parameters with their options, and a state for each parameter.

    `params` are tensors, `(name, tensor)` pairs as `named_parameters` gives them, or dicts with
    "params" and the options in which a group differs from `defaults`. A subclass defines `step`.

    >>> import engine
    >>> class SignDescent(engine.optim.Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, {"lr": lr})
    ...     @engine.no_grad()
    ...     def step(self, closure=None):
    ...         for group in self.param_groups:
    ...             for param in group["params"]:
    ...                 param.sub_(group["lr"] * param.grad.sign())
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.full((1,), 7.0)
    >>> SignDescent([weight], lr=0.5).step(); weight.item()
    0.5
    """

    _opt_called = False  # step has been called; read by the warning of schedulers

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        name = type(self).__name__
        if isinstance(params, Tensor):
            raise TypeError(f"{name}: params must be an iterable of Tensors or dicts, got a Tensor")
        self.defaults = defaults
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError(f"{name}: got an empty list of parameters")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own, for instance layers unfrozen later."""
        name = type(self).__name__
        if not isinstance(param_group, dict):
            raise TypeError(f"{name}: a parameter group must be a dict, got {param_group!r}")
        if "params" not in param_group:
            raise KeyError(f"{name}: a parameter group needs 'params', got {list(param_group)}")
        names, params = _split_names(name, param_group["params"])
        self._check_params(params)
        group = {**self.defaults, **param_group, "params": params}
        for option, value in group.items():
            if value is required:
                raise ValueError(f"{name}: a parameter group needs a value of {option!r}")
        if names:
            group["param_names"] = names
        named = {"param_names" in other for other in [*self.param_groups, group]}
        if len(named) > 1:
            raise ValueError(f"{name}: either all parameter groups have names or none")
        self.param_groups.append(group)

    def _check_params(self, params: list[Any]) -> None:
        name = type(self).__name__
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"{name}: can only optimize Tensors, got {type(param).__name__}")
            if not param.is_leaf and not self.defaults.get("differentiable"):
                raise ValueError(f"{name}: can't optimize a Tensor that is no leaf of the graph")
            if id(param) in known:
                raise ValueError(f"{name}: a parameter is in the groups more than once")
            known.add(id(param))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients of all parameters to None, or to zeros in place."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    param.grad.detach_().zero_()

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters by their gradients; closure recomputes and returns the loss."""
        raise NotImplementedError(f"{type(self).__name__} has no step()")

    def _evaluate(self, closure: Closure | None) -> Any:
        if closure is None:
            return None
        with enable_grad():
            return closure()

    # ---- state ----------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """State and options, with indices instead of parameters; tensors share memory.

        The layout is PyTorch's, so that saved states are interchangeable.
        """
        for hook in self._hooks("_optimizer_state_dict_pre_hooks").values():
            hook.function(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            groups.append({**group, "params": [numbers[id(p)] for p in group["params"]]})
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: self._packed(value)
            for key, value in self.state.items()
        }
        packed = {"state": state, "param_groups": groups}
        for hook in self._hooks("_optimizer_state_dict_post_hooks").values():
            changed = hook.function(self, packed)
            packed = packed if changed is None else changed
        return packed

    def _packed(self, state: Any) -> Any:
        """A parameter's state in the saved format."""
        return dict(state) if isinstance(state, dict) else state

    def _unpacked(self, state: Any) -> Any:
        """A saved state in the form that steps use; tensors share memory."""
        return dict(state) if isinstance(state, dict) else state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore a copy of the state_dict of an optimizer with the same groups.

        Tensors are moved to the device and, for floating-point parameters, to the dtype of their
        parameter, except those named "step".
        """
        state_dict = dict(state_dict)
        for hook in self._hooks("_optimizer_load_state_dict_pre_hooks").values():
            changed = hook.function(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved = copy.deepcopy(state_dict["param_groups"])
        params = self._matched_params(saved)
        state: defaultdict[Any, Any] = defaultdict(dict)
        for number, values in state_dict["state"].items():
            if number in params:
                state[params[number]] = self._loaded(values, params[number])
            else:
                state[number] = values
        groups = [
            {**old, **new, "params": old["params"]}
            for old, new in zip(self.param_groups, saved, strict=True)
        ]
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in self._hooks("_optimizer_load_state_dict_post_hooks").values():
            hook.function(self)

    def _matched_params(self, saved: list[dict[str, Any]]) -> dict[Any, Tensor]:
        """The parameters by their indices in the saved groups."""
        own = self.param_groups
        if len(saved) != len(own):
            raise ValueError(
                f"load_state_dict: the optimizer has {len(own)} parameter groups, the loaded "
                f"state has {len(saved)}"
            )
        params: dict[Any, Tensor] = {}
        for i, (old, new) in enumerate(zip(own, saved, strict=True)):
            if len(old["params"]) != len(new["params"]):
                raise ValueError(
                    f"load_state_dict: group {i} has {len(old['params'])} parameters, the loaded "
                    f"one has {len(new['params'])}"
                )
            params.update(zip(new["params"], old["params"], strict=True))
        return params

    def _loaded(self, state: Any, param: Tensor) -> Any:
        """A copy of a loaded state, with the types of this optimizer's."""
        if not isinstance(state, dict):
            return _loaded_value(state, param)
        return {
            key: copy.deepcopy(value) if key == "step" else _loaded_value(value, param)
            for key, value in state.items()
        }

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)

    # ---- hooks ----------------------------------------------------------------------------

    def _hooks(self, table: str) -> HookTable:
        """A table of hooks, created if missing: wrapping optimizers may not call __init__."""
        found = self.__dict__.get(table)
        if found is None:
            found = self.__dict__[table] = HookTable()
        return found

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before step; its result replaces both."""
        return register(self._hooks("_optimizer_step_pre_hooks"), Hook(hook))

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after step."""
        return register(self._hooks("_optimizer_step_post_hooks"), Hook(hook))

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer)` before state_dict."""
        return register(self._hooks("_optimizer_state_dict_pre_hooks"), Hook(hook), prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` after state_dict; its result replaces it."""
        return register(self._hooks("_optimizer_state_dict_post_hooks"), Hook(hook), prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; its result replaces it."""
        return register(self._hooks("_optimizer_load_state_dict_pre_hooks"), Hook(hook), prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return register(self._hooks("_optimizer_load_state_dict_post_hooks"), Hook(hook), prepend)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def _split_names(optimizer: str, params: Any) -> tuple[list[str], list[Any]]:
    """Names, if there are any, and tensors of a group's parameters."""
    if isinstance(params, (set, frozenset)):
        raise TypeError(f"{optimizer}: parameters must have an order, got a set")
    items = [params] if isinstance(params, Tensor) else list(params)
    pairs = [item for item in items if isinstance(item, tuple)]
    if not pairs:
        return [], items
    if len(pairs) < len(items):
        raise ValueError(f"{optimizer}: either all parameters have names or none")
    return [name for name, _ in pairs], [param for _, param in pairs]


def _loaded_value(value: Any, param: Tensor) -> Any:
    """A copy of a value, tensors inside on the parameter's device and in its dtype."""
    if isinstance(value, Tensor):
        dtype = param.dtype if param.is_floating_point() else value.dtype
        return value.to(device=param.device, dtype=dtype).clone()
    if isinstance(value, Mapping):
        return {key: _loaded_value(item, param) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_loaded_value(item, param) for item in value)
    return copy.deepcopy(value)
