"""Less memory for activations: they are computed a second time in the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._ranges import check_int
from engine.autograd import Function, enable_grad, no_grad
from engine.nn import Sequential


def _random_state() -> Any:
    return _C.default_generator.get_state()


class _Recomputed(Function):
    """A function that keeps its arguments alone, and runs again when its gradient is wanted."""

    @staticmethod
    def forward(
        ctx: Any, function: Callable[..., Any], keep_random: bool, anchor: Tensor, *args: Any
    ) -> Any:
        ctx.function = function
        ctx.random_state = _random_state() if keep_random else None
        ctx.tensor_indices = [i for i, arg in enumerate(args) if isinstance(arg, Tensor)]
        ctx.others = [None if isinstance(arg, Tensor) else arg for arg in args]
        ctx.save_for_backward(*(args[i] for i in ctx.tensor_indices))
        with no_grad():
            return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        if _C.is_grad_enabled():  # create_graph
            raise NotImplementedError("checkpoint: second gradients are not there yet")
        args = list(ctx.others)
        for i, saved in zip(ctx.tensor_indices, ctx.saved_tensors, strict=True):
            args[i] = saved.detach().requires_grad_(saved.requires_grad)
        results = _run_again(ctx.function, args, ctx.random_state)
        wanted = [
            (result, grad)
            for result, grad in zip(results, grads, strict=True)
            if grad is not None and isinstance(result, Tensor) and result.requires_grad
        ]
        if wanted:
            _C._backward([r for r, _ in wanted], [g for _, g in wanted], [], False, False)
        return None, None, None, *(arg.grad if isinstance(arg, Tensor) else None for arg in args)


def _run_again(function: Callable[..., Any], args: list[Any], state: Any) -> tuple[Any, ...]:
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
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, which keeps none of its activations for the backward pass.

    The backward pass calls it again (Chen et al., "Training Deep Nets with Sublinear Memory Cost",
    2016); with ``preserve_rng_state`` it draws the same random numbers. Gradients of parameters
    that the function uses are added to their ``grad``; there are no second gradients yet.
    ``use_reentrant`` is accepted: there is one implementation.

    >>> import engine
    >>> x = engine.tensor(2.0, requires_grad=True)
    >>> engine.utils.checkpoint.checkpoint(lambda x: x.exp().log(), x).backward(); x.grad
    tensor(1.)
    """
    # It requires a gradient even where only parameters inside the function do.
    anchor = _C.zeros((), requires_grad=True)
    return _Recomputed.apply(
        lambda *given: function(*given, **kwargs), preserve_rng_state, anchor, *args
    )


def checkpoint_sequential(
    functions: Sequential | Sequence[Callable[[Any], Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    *,
    preserve_rng_state: bool = True,
) -> Any:
    """The functions one after the other, in so many segments, all but the last checkpointed.

    >>> import engine
    >>> model = engine.nn.Sequential(engine.nn.Linear(2, 3), engine.nn.Tanh())
    >>> y = engine.utils.checkpoint.checkpoint_sequential(model, 2, engine.ones(4, 2))
    >>> tuple(y.shape)
    (4, 3)
    """
    layers: list[Any] = list(functions)
    check_int("checkpoint_sequential", "segments", segments, low=1)
    if segments > len(layers):
        raise ValueError(
            f"checkpoint_sequential: segments must be at most {len(layers)}, the number of "
            f"functions, got {segments}"
        )
    size = len(layers) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(
            _chain(layers[start : start + size]), input, preserve_rng_state=preserve_rng_state
        )
    return _chain(layers[size * (segments - 1) :])(input)


def _chain(functions: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        for function in functions:
            x = function(x)
        return x

    return run
