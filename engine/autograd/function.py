"""Ops written in Python with a gradient of their own."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor


class Context:
    """What the forward pass leaves for the backward pass. Any attribute may be set on it."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Tensor | None, ...] = ()
        self._versions: tuple[int, ...] = ()
        self._results: tuple[Any, ...] = ()
        self._node: _C.Node | None = None  # while the backward pass runs
        self._non_differentiable: tuple[Tensor, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for the backward pass; writing them in between is an error."""
        self._saved = tensors
        self._versions = tuple(-1 if t is None else t._version for t in tensors)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward was given."""
        for t, version in zip(self._saved, self._versions, strict=True):
            if t is not None and t._version != version:
                raise RuntimeError(
                    f"a tensor of shape {tuple(t.shape)} saved for the backward pass was "
                    "overwritten after the forward pass; clone() it before writing"
                )
        return tuple(self._in_graph(t) for t in self._saved)

    def _in_graph(self, saved: Tensor | None) -> Tensor | None:
        """A saved result as the graph knows it; ctx itself must not own what owns ctx."""
        for index, result in enumerate(self._results):
            if saved is result and self._node is not None:
                return _C._as_result(saved, self._node, index)
        return saved

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Names results that no gradient flows through."""
        self._non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Accepted for PyTorch's sake: results written in place are returned as new tensors."""


class Function:
    """Subclass with static ``forward(ctx, ...)`` and ``backward(ctx, *grads)``; call ``apply``.

    ``backward`` returns one gradient, or None, per argument of ``forward``.

    >>> import engine
    >>> class Cube(engine.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x * x * grad
    >>> x = engine.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward(); x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(ctx: Context, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Function: define a static forward(ctx, ...)")

    @staticmethod
    def backward(ctx: Context, *grads: Any) -> Any:
        raise NotImplementedError("Function: define a static backward(ctx, *grads)")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Runs forward outside the graph and puts its results into the graph as one step."""
        inputs = [a if isinstance(a, Tensor) else None for a in args]
        needs = tuple(a is not None and a.requires_grad for a in inputs)
        ctx = Context(needs)
        recording = _C.is_grad_enabled() and any(needs)
        saved = _C._set_grad_enabled(False)
        try:
            answer = cls.forward(ctx, *args, **kwargs)
        finally:
            _C._set_grad_enabled(saved)
        if not recording:
            return answer
        results = answer if isinstance(answer, tuple) else (answer,)
        ctx._results = tuple(r for r in results if cls._differentiable(ctx, r))
        # A result that is an argument, or shows one's memory, needs its own place in the graph.
        fresh = [r.detach() if cls._differentiable(ctx, r) else r for r in results]
        linked = [f for f, r in zip(fresh, results, strict=True) if cls._differentiable(ctx, r)]
        _C._link_function(
            cls.__name__, lambda node, *grads: cls._run(ctx, node, grads), inputs, linked
        )
        return tuple(fresh) if isinstance(answer, tuple) else fresh[0]

    @staticmethod
    def _differentiable(ctx: Context, result: Any) -> bool:
        return isinstance(result, Tensor) and not any(result is t for t in ctx._non_differentiable)

    @classmethod
    def _run(cls, ctx: Context, node: _C.Node, grads: tuple[Tensor, ...]) -> Any:
        ctx._node = node
        try:
            return cls.backward(ctx, *grads)
        finally:
            ctx._node = None
