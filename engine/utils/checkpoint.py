"""Activation checkpointing: activations are recomputed in the backward pass to save memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._validation import check_choice, check_int
from engine.amp import autocast, get_autocast_dtype, is_autocast_enabled
from engine.autograd import enable_grad
from engine.autograd.function import Function, FunctionCtx
from engine.autograd.graph import saved_tensors_hooks
from engine.nn import Sequential

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]


class CheckpointError(RuntimeError):
    """Raised when the recomputation gives other tensors than the first run."""


def noop_context_fn() -> Contexts:
    """Two contexts without effect, for the two runs."""
    return contextlib.nullcontext(), contextlib.nullcontext()


class _AllFound(BaseException):
    """Ends a recomputation once it has all saved tensors."""

    def __init__(self, saved: _Saved) -> None:
        self.saved = saved


class _Inputs(Function):
    """Names the inputs of a checkpoint in errors about saved tensors."""


class _Call:
    """A call that can be repeated with the same inputs, random numbers and autocast."""

    def __init__(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], rng: bool
    ) -> None:
        self.function = function
        # Inputs are saved by a Function, so that writing to them is an error and an outer
        # checkpoint recomputes them.
        self.values = [*args, *kwargs.values()]
        self.names = list(kwargs)
        self.at = [i for i, value in enumerate(self.values) if isinstance(value, Tensor)]
        self.inputs = FunctionCtx(_Inputs, tuple(self.values[i].requires_grad for i in self.at))
        self.inputs.save_for_backward(*(self.values[i] for i in self.at))
        for i in self.at:
            self.values[i] = None
        self.random_state = _C.default_generator.get_state() if rng else None
        self.autocast = (get_autocast_dtype("cpu"), is_autocast_enabled("cpu"))

    def again(self) -> None:
        values = list(self.values)
        for i, tensor in zip(self.at, self.inputs.saved_tensors, strict=True):
            values[i] = tensor
        count = len(values) - len(self.names)
        kwargs = dict(zip(self.names, values[count:], strict=True))
        dtype, enabled = self.autocast
        with enable_grad(), autocast("cpu", dtype, enabled), self._random_numbers():
            self.function(*values[:count], **kwargs)

    @contextlib.contextmanager
    def _random_numbers(self) -> Iterator[None]:
        if self.random_state is None:
            yield
            return
        now = _C.default_generator.get_state()
        _C.default_generator.set_state(self.random_state)
        try:
            yield
        finally:
            _C.default_generator.set_state(now)


class _Saved:
    """Placeholders of the tensors saved in the first run; the second one computes them."""

    def __init__(
        self, call: _Call, context: AbstractContextManager[Any], check: bool, early_stop: bool
    ) -> None:
        self.call = call
        self.context = context
        self.check = check
        self.early_stop = early_stop
        self.kinds: list[tuple[Any, ...]] = []
        self.tensors: dict[int, Tensor] = {}

    def pack(self, tensor: Tensor) -> int:
        self.kinds.append(_kind(tensor))
        return len(self.kinds) - 1

    def unpack(self, number: int) -> Tensor:
        # Each backward pass reads every tensor once, so a missing one belongs to the next pass.
        if number not in self.tensors:
            self._recompute()
        return self.tensors.pop(number)

    def _recompute(self) -> None:
        self.tensors.clear()
        found = self._run_again()
        if len(found) != len(self.kinds):
            raise CheckpointError(
                f"checkpoint: the function saved {len(self.kinds)} tensors in its first run and "
                f"{len(found)} in its second; it must do the same in both"
            )
        for number, (tensor, kind) in enumerate(zip(found, self.kinds, strict=True)):
            if self.check and _kind(tensor) != kind:
                raise CheckpointError(
                    f"checkpoint: saved tensor {number} was {_described(kind)} in the first run "
                    f"and {_described(_kind(tensor))} in the second; the function must do the same "
                    "in both"
                )
        self.tensors.update(enumerate(found))

    def _run_again(self) -> list[Tensor]:
        """Repeats the call and returns the tensors that it saves."""
        found: list[Tensor] = []

        def store(tensor: Tensor) -> Tensor:
            found.append(tensor.detach())
            if self.early_stop and len(found) == len(self.kinds):
                raise _AllFound(self)
            return found[-1]

        try:
            with self.context, saved_tensors_hooks(store, lambda tensor: tensor):
                self.call.again()
        except _AllFound as end:
            if end.saved is not self:
                raise
        return found


def _kind(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.dtype, tensor.device


def _described(kind: tuple[Any, ...]) -> str:
    shape, dtype, device = kind
    return f"{dtype} of shape {shape} on {device}"


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, whose activations are recomputed instead of saved.

    Each backward pass calls it again (Chen et al., "Training Deep Nets with Sublinear Memory Cost",
    2016); with ``preserve_rng_state`` it draws the same random numbers. Parameters and closed-over
    tensors get gradients too, and gradients can be differentiated again. ``context_fn`` returns two
    contexts, for the first and the second run; with ``early_stop`` the second ends with the last
    tensor needed. Raises CheckpointError if it computes tensors of other shapes or dtypes;
    ``determinism_check="none"`` checks only their number. ``use_reentrant`` is accepted: there is
    one implementation.

    >>> import engine
    >>> x = engine.tensor(2.0, requires_grad=True)
    >>> engine.utils.checkpoint.checkpoint(lambda x: x.exp().log(), x).backward(); x.grad
    tensor(1.)
    """
    check_choice("checkpoint", "determinism_check", determinism_check, ("default", "none"))
    if debug:
        raise NotImplementedError("checkpoint: debug=True is not implemented yet")
    first, second = context_fn()
    if not _C.is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    call = _Call(function, args, kwargs, preserve_rng_state)
    saved = _Saved(call, second, determinism_check == "default", early_stop)
    with first, saved_tensors_hooks(saved.pack, saved.unpack):
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Sequential | Sequence[Callable[[Any], Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    *,
    preserve_rng_state: bool = True,
) -> Any:
    """Runs the functions in sequence, in ``segments`` segments, all but the last checkpointed.

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
