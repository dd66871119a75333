"""Registration of hooks on a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine._hooks import Hook, RemovableHandle, register
from engine.nn.hooks import CallHooks, HookView, StateHooks


class ModuleHooks:
    """The part of Module that registers hooks; engine/nn/hooks.py runs them."""

    # None until the first hook is registered, so that a call without hooks is one test.
    _call_hooks: CallHooks | None = None
    _state_hooks: StateHooks | None = None

    @property
    def _forward_pre_hooks(self) -> HookView:
        return HookView(self, "forward_pre")

    @property
    def _forward_hooks(self) -> HookView:
        return HookView(self, "forward")

    @property
    def _backward_pre_hooks(self) -> HookView:
        return HookView(self, "backward_pre")

    @property
    def _backward_hooks(self) -> HookView:
        return HookView(self, "backward")

    def _ensure_call_hooks(self) -> CallHooks:
        if self._call_hooks is None:
            self._call_hooks = CallHooks()
        return self._call_hooks

    def _ensure_state_hooks(self) -> StateHooks:
        if self._state_hooks is None:
            self._state_hooks = StateHooks()
        return self._state_hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)`, or `hook(module, args, kwargs)`, before forward; its result
        replaces the arguments."""
        return register(self._ensure_call_hooks().forward_pre, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)`, or `hook(module, args, kwargs, output)`, after
        forward; its result replaces the output. With always_call also after an error."""
        table = self._ensure_call_hooks().forward
        return register(table, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_output)` before the module's backward; its result replaces the
        gradients."""
        return register(self._ensure_call_hooks().backward_pre, Hook(hook), prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the module's
        positional inputs are known; its result replaces grad_input."""
        return register(self._ensure_call_hooks().backward, Hook(hook), prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """register_full_backward_hook under its older name, with gradients of the whole module."""
        return self.register_full_backward_hook(hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before state_dict."""
        return register(self._ensure_state_hooks().save_pre, Hook(hook))

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` after state_dict."""
        return register(self._ensure_state_hooks().save_post, Hook(hook))

    _register_state_dict_hook = register_state_dict_post_hook

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)` before loading; it may change the dict."""
        return register(self._ensure_state_hooks().load_pre, Hook(hook))

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        if with_module:
            return self.register_load_state_dict_pre_hook(hook)
        return self.register_load_state_dict_pre_hook(lambda module, *rest: hook(*rest))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` after loading; it may change the lists."""
        return register(self._ensure_state_hooks().load_post, Hook(hook))
