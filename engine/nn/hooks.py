"""Hooks of a Module: what is kept per module, and the call that runs them.

A module without hooks never comes here; see Module.__call__.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from engine._C import Tensor
from engine._hooks import Hook, HookTable
from engine.autograd import Function


class CallHooks:
    """The hooks around a module's forward and backward."""

    def __init__(self) -> None:
        self.forward_pre = HookTable()
        self.forward = HookTable()
        self.backward_pre = HookTable()
        self.backward = HookTable()


class StateHooks:
    """The hooks around state_dict and load_state_dict."""

    def __init__(self) -> None:
        self.save_pre = HookTable()
        self.save_post = HookTable()
        self.load_pre = HookTable()
        self.load_post = HookTable()


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """forward() between its hooks; `always_call` hooks run even where it raised."""
    pending = HookTable(module._call_hooks.forward)
    try:
        return _call(module, args, kwargs, pending)
    except Exception:
        for hook in pending.values():
            if hook.always_call:
                _run_after_failure(hook, module, args, kwargs)
        raise


def _call(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], pending: HookTable) -> Any:
    hooks: CallHooks = module._call_hooks
    args, kwargs = _run_forward_pre(hooks, module, args, kwargs)
    tap = _BackwardTap(module, hooks) if hooks.backward or hooks.backward_pre else None
    if tap is not None:
        args = tap.on_input(args)
    result = module.forward(*args, **kwargs)
    for key in list(pending):
        hook = pending.pop(key)
        if hook.with_kwargs:
            changed = hook.function(module, args, kwargs, result)
        else:
            changed = hook.function(module, args, result)
        if changed is not None:
            result = changed
    return result if tap is None else tap.on_output(result)


def _run_forward_pre(
    hooks: CallHooks, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for hook in list(hooks.forward_pre.values()):
        if hook.with_kwargs:
            changed = hook.function(module, args, kwargs)
            if changed is None:
                continue
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise RuntimeError(
                    "a forward pre-hook with kwargs must return None or a tuple of (new_args, "
                    f"new_kwargs), but got {changed!r}"
                )
            args, kwargs = changed
        else:
            changed = hook.function(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
    return args, kwargs


def _run_after_failure(
    hook: Hook, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        if hook.with_kwargs:
            hook.function(module, args, kwargs, None)
        else:
            hook.function(module, args, None)
    except Exception as error:
        warnings.warn(
            f"a forward hook with always_call raised {error!r} while the error of the module's "
            "forward was being handled; it is dropped",
            stacklevel=2,
        )


class _BackwardTap:
    """Sits on the inputs and outputs of one call, to see the gradients that pass them."""

    def __init__(self, module: Any, hooks: CallHooks) -> None:
        self.module = module
        self.pre = list(hooks.backward_pre.values())
        self.post = list(hooks.backward.values())
        self.inputs = 0
        self.input_tapped = False
        self.grad_output: tuple[Any, ...] = ()

    def on_input(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        where = [i for i, arg in enumerate(args) if isinstance(arg, Tensor)]
        self.inputs = len(where)
        self.input_tapped = any(args[i].requires_grad for i in where)
        if not self.input_tapped:
            return args
        tapped = _identity(self._input_gradients, [args[i] for i in where])
        replaced = list(args)
        for i, tensor in zip(where, tapped, strict=True):
            replaced[i] = tensor
        return tuple(replaced)

    def on_output(self, result: Any) -> Any:
        parts = result if isinstance(result, (tuple, list)) else (result,)
        where = [i for i, part in enumerate(parts) if isinstance(part, Tensor)]
        if not any(parts[i].requires_grad for i in where):
            return result
        tapped = _identity(self._output_gradients, [parts[i] for i in where])
        if not isinstance(result, (tuple, list)):
            return tapped[0]
        replaced = list(parts)
        for i, tensor in zip(where, tapped, strict=True):
            replaced[i] = tensor
        if hasattr(result, "_fields"):  # a named tuple
            return type(result)(*replaced)
        return type(result)(replaced)

    def _output_gradients(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.pre:
            grads = _replaced(hook.function(self.module, grads), grads, "backward pre-hook")
        self.grad_output = grads
        if not self.input_tapped:
            self._run_post((None,) * max(self.inputs, 1))
        return grads

    def _input_gradients(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        return self._run_post(grads)

    def _run_post(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.post:
            changed = hook.function(self.module, grads, self.grad_output)
            grads = _replaced(changed, grads, "backward hook")
        return grads


def _replaced(changed: Any, grads: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if changed is None:
        return grads
    changed = changed if isinstance(changed, tuple) else (changed,)
    if len(changed) != len(grads):
        raise RuntimeError(
            f"a {what} returned {len(changed)} gradients where the module has {len(grads)}"
        )
    return changed


def _identity(
    on_backward: Callable[[tuple[Any, ...]], tuple[Any, ...]], tensors: list[Tensor]
) -> tuple[Tensor, ...]:
    """The same values, with `on_backward` in the way of their gradients."""

    class Tap(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, ...]:
            return tuple(tensor.view_as(tensor) for tensor in inputs)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
            return on_backward(grads)

    return Tap.apply(*tensors)
