"""Ops written in Python with a gradient of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from engine import _C
from engine._C import Tensor
from engine.autograd.graph import Packed, packed


class FunctionCtx:
    """Data that the forward pass saves for the backward pass. Any attribute may be set on it."""

    def __init__(self, function: type[Function], needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._function = function
        self._saved: tuple[Any, ...] = ()  # tensors, None, or objects packed by hooks
        self._versions: tuple[int, ...] = ()
        self._released = False
        self._results: tuple[Any, ...] = ()  # as returned by forward, outside the graph
        self._node: _C.Node | None = None  # while the backward pass runs
        self._non_differentiable: tuple[Tensor, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Saves tensors for the backward pass; writing to them before it is an error."""
        self._saved = tuple(map(packed, tensors))
        self._versions = tuple(-1 if t is None else t._version for t in tensors)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors given to save_for_backward."""
        if self._released:
            raise RuntimeError(
                f"{self._function.__name__}: the graph has been freed: backward() ran through it "
                "before; pass retain_graph=True the first time"
            )
        for t, version in zip(self._saved, self._versions, strict=True):
            if isinstance(t, Tensor) and t._version != version:
                raise RuntimeError(
                    f"a tensor of shape {tuple(t.shape)} saved for the backward pass was "
                    "overwritten after the forward pass; clone() it before writing"
                )
        return tuple(self._in_graph(t) for t in self._saved)

    def _in_graph(self, saved: Any) -> Tensor | None:
        """A saved result with its node; ctx itself must not own its node, which owns ctx."""
        tensor: Tensor | None = saved.unpack() if isinstance(saved, Packed) else saved
        original = saved.original if isinstance(saved, Packed) else id(saved)
        differentiable = [r for r in self._results if self._is_differentiable(r)]
        for index, result in enumerate(differentiable):
            if original == id(result) and tensor is not None and self._node is not None:
                return _C._as_result(tensor, self._node, index)
        return tensor

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Marks results as not differentiable."""
        self._non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Marks arguments that forward modified in place and returns: they become the results."""
        self._dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Sets whether backward gets zeros, the default, or None for results without a gradient."""
        self._materialize = value

    def _is_differentiable(self, result: Any) -> bool:
        return (
            isinstance(result, Tensor)
            and result.dtype.is_floating_point
            and not any(result is t for t in self._non_differentiable)
        )

    def _place(self, result: Any) -> Any:
        """The tensor that represents a result in the graph."""
        if not self._is_differentiable(result):
            return result
        if not any(result is t for t in self._dirty):
            # A result that is an argument, or a view of one, needs an alias of its own.
            return result.detach()
        if result._base is not None or (result.requires_grad and result.is_leaf):
            raise RuntimeError(
                f"{self._function.__name__}: a view, or a leaf that requires a gradient, can't be "
                "written in place; clone() it first"
            )
        return result

    def _backward(self, node: _C.Node, *grads: Tensor | None) -> Any:
        """Calls the function's backward with a gradient for every result of forward."""
        given = iter(grads)
        every = [
            next(given) if self._is_differentiable(r) else self._no_gradient(r)
            for r in self._results
        ]
        self._node = node
        try:
            return self._function.backward(self, *every)
        finally:
            self._node = None

    def _no_gradient(self, result: Any) -> Tensor | None:
        wanted = self._materialize and isinstance(result, Tensor)
        return _C.zeros(result.shape, dtype=result.dtype) if wanted else None

    def _release(self) -> None:
        self._released, self._saved, self._versions = bool(self._saved) or self._released, (), ()


class Function:
    """Subclass with static ``forward(ctx, ...)`` and ``backward(ctx, *grads)``; call ``apply``.

    ``backward`` returns one gradient, or None, per argument of ``forward``. Instead of taking
    ``ctx`` in ``forward``, define a static ``setup_context(ctx, inputs, output)``.

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

    setup_context: Callable[[FunctionCtx, tuple[Any, ...], Any], None] | None = None

    @staticmethod
    def forward(ctx: FunctionCtx, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Function: define a static forward(ctx, ...)")

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Any) -> Any:
        raise NotImplementedError("Function: define a static backward(ctx, *grads)")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Runs forward outside the graph and records it as one node."""
        inputs = [a if isinstance(a, Tensor) else None for a in args]
        needs = tuple(a is not None and a.requires_grad for a in inputs)
        ctx = FunctionCtx(cls, needs)
        recording = _C.is_grad_enabled() and any(needs)
        saved = _C._set_grad_enabled(False)
        try:
            answer = cls._run_forward(ctx, args, kwargs)
        finally:
            _C._set_grad_enabled(saved)
        if not recording:
            return answer
        results = answer if isinstance(answer, tuple) else (answer,)
        placed = [ctx._place(r) for r in results]
        # An argument written in place is in the graph: ctx saves it detached.
        outside = {id(d): d.detach() for d in ctx._dirty}
        ctx._results = tuple(outside.get(id(r), r) for r in results)
        ctx._saved = tuple(outside.get(id(t), t) for t in ctx._saved)
        linked = [p for p, r in zip(placed, ctx._results, strict=True) if ctx._is_differentiable(r)]
        _C._link_function(cls.__name__, ctx, inputs, linked)
        ctx._dirty = ()
        return tuple(placed) if isinstance(answer, tuple) else placed[0]

    @classmethod
    def _run_forward(cls, ctx: FunctionCtx, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if cls.setup_context is None:
            return cls.forward(ctx, *args, **kwargs)
        answer = cls.forward(*args, **kwargs)
        cls.setup_context(ctx, args, answer)
        return answer


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a ``backward`` whose result can't be differentiated again.

    >>> import engine
    >>> class Twice(engine.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     @engine.autograd.function.once_differentiable
    ...     def backward(ctx, grad):
    ...         return 2 * grad
    """

    @functools.wraps(backward)
    def wrapped(ctx: FunctionCtx, *grads: Any) -> Any:
        saved = _C._set_grad_enabled(False)
        try:
            answer = backward(ctx, *grads)
        finally:
            _C._set_grad_enabled(saved)
        return _refusing(answer, grads) if saved else answer

    return wrapped


def _refusing(answer: Any, grads: tuple[Any, ...]) -> Any:
    """The gradients, as results of a function whose own backward is an error."""
    sources = [g for g in grads if isinstance(g, Tensor) and g.requires_grad]
    if not sources:
        return answer
    given = answer if isinstance(answer, tuple) else (answer,)
    refused = tuple(g if g is None else _Once.apply(g, sources[0]) for g in given)
    return refused if isinstance(answer, tuple) else refused[0]


class _Once(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, grad: Tensor, source: Tensor) -> Tensor:
        return grad

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Any) -> Any:
        raise RuntimeError("differentiating twice through a backward marked once_differentiable")
