"""Less memory for activations: they are computed a second time in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import _C
from engine._C import Tensor
from engine.autograd import Function, enable_grad, no_grad


def _random_state() -> tuple[int, int]:
    return _C.default_generator.get_state()


class _Recomputed(Function):
    """A function that keeps its arguments alone, and runs again when its gradient is wanted."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], keep_random: bool, *args: Any) -> Any:
        ctx.function = function
        ctx.random_state = _random_state() if keep_random else None
        ctx.tensor_places = [i for i, arg in enumerate(args) if isinstance(arg, Tensor)]
        ctx.others = [None if isinstance(arg, Tensor) else arg for arg in args]
        ctx.save_for_backward(*(args[i] for i in ctx.tensor_places))
        with no_grad():
            return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        args = list(ctx.others)
        for place, saved in zip(ctx.tensor_places, ctx.saved_tensors, strict=True):
            args[place] = saved.detach().requires_grad_(saved.requires_grad)
        results = _run_again(ctx.function, args, ctx.random_state)
        wanted = [
            (result, grad)
            for result, grad in zip(results, grads, strict=True)
            if grad is not None and isinstance(result, Tensor) and result.requires_grad
        ]
        if wanted:
            _C._backward([r for r, _ in wanted], [g for _, g in wanted], [], False, False)
        return None, None, *(arg.grad if isinstance(arg, Tensor) else None for arg in args)


def _run_again(
    function: Callable[..., Any], args: list[Any], state: tuple[int, int] | None
) -> tuple[Any, ...]:
    now = _random_state()
    if state is not None:
        _C.default_generator.set_state(state)
    with enable_grad():
        results = function(*args)
    if state is not None:
        _C.default_generator.set_state(now)
    return results if isinstance(results, tuple) else (results,)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, which keeps none of its activations for the backward pass.

    The backward pass calls it again (Chen et al., "Training Deep Nets with Sublinear Memory Cost",
    2016); with ``preserve_rng_state`` it draws the same random numbers. At least one tensor among
    ``args`` must require a gradient. ``use_reentrant`` is accepted: there is one implementation.

    >>> import engine
    >>> x = engine.tensor(2.0, requires_grad=True)
    >>> engine.utils.checkpoint.checkpoint(lambda x: x.exp().log(), x).backward(); x.grad
    tensor(1.)
    """
    return _Recomputed.apply(lambda *given: function(*given, **kwargs), preserve_rng_state, *args)
