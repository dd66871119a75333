"""The base class of all optimizers."""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._hooks import Hook, HookTable, RemovableHandle, register
from engine.autograd import enable_grad, no_grad

Closure = Callable[[], Any]
Params = Iterable[Tensor] | Iterable[dict[str, Any]]


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """Count the call and run the hooks around it, once where a step calls its parent's."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if type(self).step is not hooked:
            return step(self, *args, **kwargs)
        self._steps_taken += 1
        for hook in list(self._step_pre_hooks.values()):
            changed = hook.function(self, args, kwargs)
            if changed is not None:
                args, kwargs = changed
        result = step(self, *args, **kwargs)
        for hook in list(self._step_post_hooks.values()):
            hook.function(self, args, kwargs)
        return result

    return hooked


class Optimizer:
    """Parameters in groups with options of their own, and a state for each parameter.

    `params` are tensors, or dicts with "params" and the options in which a group differs from
    `defaults`. A subclass defines `step`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                f"{type(self).__name__}: params must be an iterable of Tensors or dicts, got a "
                "Tensor"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._init_hooks()
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError(f"{type(self).__name__}: got an empty list of parameters")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _init_hooks(self) -> None:
        self._step_pre_hooks = HookTable()
        self._step_post_hooks = HookTable()
        self._steps_taken = 0

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own, for instance layers unfrozen later."""
        name = type(self).__name__
        if not isinstance(param_group, dict):
            raise TypeError(f"{name}: a parameter group must be a dict, got {param_group!r}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(f"{name}: parameters must have an order, got a set")
        params = [params] if isinstance(params, Tensor) else list(params)
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"{name}: can only optimize Tensors, got {type(param).__name__}")
            if not param.is_leaf:
                raise ValueError(f"{name}: can't optimize a Tensor that is no leaf of the graph")
            if id(param) in known:
                raise ValueError(f"{name}: a parameter is in more than one place in the groups")
            known.add(id(param))
        self.param_groups.append({**self.defaults, **param_group, "params": params})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    param.grad = _C.zeros_like(param.grad)

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
        """State and options, with numbers in the place of parameters; shares memory."""
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            groups.append({**group, "params": [numbers[id(p)] for p in group["params"]]})
        state = {numbers[id(param)]: dict(value) for param, value in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict of an optimizer of the same groups returned."""
        saved = copy.deepcopy(state_dict["param_groups"])
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
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for number, values in state_dict["state"].items():
            param = params[number]
            state[param] = {key: _loaded(key, value, param) for key, value in values.items()}
        self.__setstate__(
            {
                "state": state,
                "param_groups": [
                    {**old, **new, "params": old["params"]}
                    for old, new in zip(own, saved, strict=True)
                ],
            }
        )

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_steps_taken" not in self.__dict__:
            self._init_hooks()
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)

    # ---- hooks ----------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Before step call `hook(optimizer, args, kwargs)`; what it returns replaces both."""
        return register(self._step_pre_hooks, Hook(hook))

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """After step call `hook(optimizer, args, kwargs)`."""
        return register(self._step_post_hooks, Hook(hook))

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def _loaded(key: str, value: Any, param: Tensor) -> Any:
    """A loaded state value as this optimizer keeps it: on the parameter's device, in its dtype,
    and the count of steps as an int."""
    if key == "step":
        return int(value)
    if not isinstance(value, Tensor):
        return copy.deepcopy(value)
    if param.is_floating_point():
        return value.to(device=param.device, dtype=param.dtype).clone()
    return value.to(param.device).clone()


class PerParameter(Optimizer):
    """An optimizer whose update is written for one parameter at a time."""

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _update(
        self, param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        raise NotImplementedError

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters by their gradients; closure recomputes and returns the loss."""
        loss = self._evaluate(closure)
        with no_grad():
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        self._step_one(param, param.grad, group)
        return loss

    def _step_one(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state = self.state[param]
        if not state:
            state["step"] = 0
            state.update(self._initial_state(param, group))
        state["step"] += 1
        grad = -grad if group["maximize"] else grad
        if group["weight_decay"] and group.get("decoupled_weight_decay"):
            param.mul_(1 - float(group["lr"]) * group["weight_decay"])
        elif group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        self._update(param, grad, state, group)


def check_options(optimizer: str, **options: float) -> None:
    """ValueError for an option that is negative, naming it."""
    for name, value in options.items():
        if not float(value) >= 0.0:
            raise ValueError(f"{optimizer}: {name} must not be negative, got {value}")


def check_betas(optimizer: str, betas: tuple[float, float]) -> None:
    """ValueError for a beta that is not in [0, 1)."""
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"{optimizer}: betas[{i}] must be in [0, 1), got {beta}")


def refuse_differentiable(optimizer: str, differentiable: bool) -> None:
    """ValueError where gradients through the update are asked for."""
    if differentiable:
        raise ValueError(f"{optimizer}: differentiable=True is not supported")
