"""Module hooks: tables of one module and global ones, and the call with hooks.

A call without hooks does not use this module; see Module.__call__.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from engine._C import Tensor
from engine._hooks import Hook, HookTable, RemovableHandle, register
from engine.autograd import Function


class CallHooks:
    """The hooks around a module's forward and backward."""

    def __init__(self) -> None:
        self.forward_pre = HookTable()
        self.forward = HookTable()
        self.backward_pre = HookTable()
        self.backward = HookTable()

    def any(self) -> bool:
        """True if any hook is registered."""
        return bool(self.forward_pre or self.forward or self.backward_pre or self.backward)


class HookView(MutableMapping[int, Callable[..., Any]]):
    """A read-only view of one of a module's hook tables, such as `module._forward_hooks`."""

    def __init__(self, module: Any, kind: str) -> None:
        self._module = module
        self._kind = kind

    def _table(self) -> HookTable:
        hooks = self._module._call_hooks
        return HookTable() if hooks is None else getattr(hooks, self._kind)

    def __getitem__(self, key: int) -> Callable[..., Any]:
        return self._table()[key].function

    def __setitem__(self, key: int, function: Callable[..., Any]) -> None:
        getattr(self._module._ensure_call_hooks(), self._kind)[key] = Hook(function)

    def __delitem__(self, key: int) -> None:
        del self._table()[key]

    def __iter__(self) -> Iterator[int]:
        return iter(list(self._table()))

    def __len__(self) -> int:
        return len(self._table())

    def __repr__(self) -> str:
        return repr(dict(self))


class StateHooks:
    """The hooks around state_dict and load_state_dict."""

    def __init__(self) -> None:
        self.save_pre = HookTable()
        self.save_post = HookTable()
        self.load_pre = HookTable()
        self.load_post = HookTable()


# Global hooks, which run before a module's own. `module_call` is this module's function while any
# is registered and None otherwise, so that a call without hooks tests one variable.
every_module = CallHooks()
module_call: Callable[..., Any] | None = None


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls forward() with its hooks; `always_call` hooks run even if it raises."""
    own: CallHooks = module._call_hooks or CallHooks()
    call = _Call([*every_module.forward.values(), *own.forward.values()])
    try:
        return _call(module, own, args, kwargs, call)
    except Exception:
        for hook in call.pending:
            if hook.always_call:
                _run_after_failure(hook, module, args, kwargs, call.result)
        raise


class _Call:
    """The state of one call: the forward hooks still to run, and the result so far."""

    def __init__(self, pending: list[Hook]) -> None:
        self.pending = pending
        self.result: Any = None


def _call(
    module: Any,
    own: CallHooks,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    call: _Call,
) -> Any:
    args, kwargs = _run_forward_pre(own, module, args, kwargs)
    tap = _BackwardTap.of(module, own)
    if tap is not None:
        args = tap.on_input(args)
    call.result = module.forward(*args, **kwargs)
    while call.pending:
        hook = call.pending.pop(0)
        if hook.with_kwargs:
            changed = hook.function(module, args, kwargs, call.result)
        else:
            changed = hook.function(module, args, call.result)
        if changed is not None:
            call.result = changed
    return call.result if tap is None else tap.on_output(call.result)


def _run_forward_pre(
    own: CallHooks, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for hook in [*every_module.forward_pre.values(), *own.forward_pre.values()]:
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
    hook: Hook, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
) -> None:
    try:
        if hook.with_kwargs:
            hook.function(module, args, kwargs, result)
        else:
            hook.function(module, args, result)
    except Exception as error:
        warnings.warn(
            f"a forward hook with always_call raised {error!r} while the error of the module's "
            "forward was being handled; it is dropped",
            stacklevel=2,
        )


class _BackwardTap:
    """Observes the gradients of the inputs and outputs of one call."""

    def __init__(self, module: Any, pre: list[Hook], post: list[Hook]) -> None:
        self.module = module
        self.pre = pre
        self.post = post
        self.inputs = 0
        self.input_tapped = False
        self.grad_output: tuple[Any, ...] = ()

    @classmethod
    def of(cls, module: Any, own: CallHooks) -> _BackwardTap | None:
        """The tap for the hooks on a module's backward, None if it has none."""
        pre = [*every_module.backward_pre.values(), *own.backward_pre.values()]
        post = [*every_module.backward.values(), *own.backward.values()]
        return cls(module, pre, post) if pre or post else None

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
    """The same values; their gradients pass through `on_backward`."""

    class Tap(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, ...]:
            return tuple(tensor.view_as(tensor) for tensor in inputs)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
            return on_backward(grads)

    return Tap.apply(*tensors)


# ---- global hooks -----------------------------------------------------------------------------


class _GlobalHandle(RemovableHandle):
    """A handle that resets `module_call` when the last global hook is removed."""

    def __init__(self, handle: RemovableHandle) -> None:
        def remove() -> None:
            global module_call
            handle.remove()
            if not every_module.any():
                module_call = None

        super().__init__(handle.id, remove)


def _register_global(table: HookTable, hook: Hook) -> RemovableHandle:
    global module_call
    module_call = call_with_hooks
    return _GlobalHandle(register(table, hook))


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, args)` before every module's forward."""
    return _register_global(every_module.forward_pre, Hook(hook))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after every module's forward; see
    Module.register_forward_hook."""
    return _register_global(every_module.forward, Hook(hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_output)` before every module's backward."""
    return _register_global(every_module.backward_pre, Hook(hook))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` after every module's backward."""
    return _register_global(every_module.backward, Hook(hook))


# Hooks on registration in any module, called with (module, name, value).
registration_hooks: dict[str, HookTable] = {
    "parameter": HookTable(),
    "buffer": HookTable(),
    "module": HookTable(),
}


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, parameter)` when any module registers one; its result
    replaces it."""
    return register(registration_hooks["parameter"], Hook(hook))


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, buffer)` when any module registers one; its result replaces it."""
    return register(registration_hooks["buffer"], Hook(hook))


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, submodule)` when any module registers one; its result replaces
    it."""
    return register(registration_hooks["module"], Hook(hook))


def registered(kind: str, module: Any, name: str, value: Any) -> Any:
    """The value after the registration hooks."""
    for hook in list(registration_hooks[kind].values()):
        changed = hook.function(module, name, value)
        if changed is not None:
            value = changed
    return value
