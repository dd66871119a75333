"""Gradient checks by central differences in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine.autograd import enable_grad, grad, no_grad


class GradcheckError(AssertionError):
    """A gradient that finite differences contradict."""


Function = Callable[..., Any]


def _results(function: Function, inputs: Sequence[Any]) -> list[Tensor]:
    answer = function(*inputs)
    results = answer if isinstance(answer, (tuple, list)) else (answer,)
    return [r for r in results if isinstance(r, Tensor) and r.dtype.is_floating_point]


def _numerical(
    function: Function, inputs: Sequence[Any], at: int, weights: list[Tensor], eps: float
) -> np.ndarray:
    """d(sum of weights * results) / d(inputs[at]) by central differences."""
    base = inputs[at].detach().clone()
    flat = np.array(base.numpy()).reshape(-1)
    found = np.empty_like(flat)

    def value() -> float:
        moved = _C.from_numpy(flat.copy().reshape(tuple(base.shape)))
        with no_grad():
            results = _results(function, [*inputs[:at], moved, *inputs[at + 1 :]])
        return sum(
            float((r.detach().numpy() * w.detach().numpy()).sum())
            for r, w in zip(results, weights, strict=True)
        )

    for i, x in enumerate(flat.copy()):
        flat[i] = x + eps
        above = value()
        flat[i] = x - eps
        found[i] = (above - value()) / (2 * eps)
        flat[i] = x
    return found.reshape(tuple(base.shape))


def _wanted(inputs: Sequence[Any]) -> list[int]:
    wanted = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    for i in wanted:
        if inputs[i].dtype != _C.float64:
            raise ValueError(
                f"inputs: expected float64 to check a gradient, input {i} is {inputs[i].dtype}"
            )
    if not wanted:
        raise ValueError("inputs: expected at least one tensor that requires a gradient")
    return wanted


def gradcheck(
    func: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Checks the gradients of ``func`` at ``inputs`` against central differences; returns True.

    Inputs that require a gradient must be float64. The results are weighted at random, so that one
    backward pass checks all of them. Raises GradcheckError naming the input and the values.

    >>> import engine
    >>> x = engine.tensor([0.5, 2.0], dtype=engine.float64, requires_grad=True)
    >>> engine.testing.gradcheck(lambda x: x.exp(), (x,))
    True
    """
    inputs = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    wanted = _wanted(inputs)
    with enable_grad():
        results = _results(func, inputs)
    draw = np.random.default_rng(0)
    weights = [_C.from_numpy(draw.uniform(-1, 1, tuple(r.shape))) for r in results]
    live = [(r, w) for r, w in zip(results, weights, strict=True) if r.requires_grad]
    if not live:
        raise GradcheckError("func: none of its results requires a gradient")
    found = grad(
        [r for r, _ in live],
        [inputs[i] for i in wanted],
        [w.to(r.dtype) for r, w in live],
        materialize_grads=True,
    )
    for i, analytic in zip(wanted, found, strict=True):
        numeric = _numerical(func, inputs, i, weights, eps)
        if np.allclose(analytic.detach().numpy(), numeric, rtol=rtol, atol=atol, equal_nan=True):
            continue
        if raise_exception:
            raise GradcheckError(
                f"the gradient of input {i} is\n{analytic.detach().numpy()}\n"
                f"finite differences give\n{numeric}"
            )
        return False
    return True


def gradgradcheck(func: Function, inputs: Any, **options: Any) -> bool:
    """Checks the second gradients of ``func`` against central differences; returns True.

    >>> import engine
    >>> x = engine.tensor([0.5, 2.0], dtype=engine.float64, requires_grad=True)
    >>> engine.testing.gradgradcheck(lambda x: x.exp(), (x,))
    True
    """
    inputs = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    wanted = _wanted(inputs)
    draw = np.random.default_rng(1)
    with no_grad():
        shapes = [tuple(r.shape) for r in _results(func, inputs)]
    weights = [_C.from_numpy(draw.uniform(-1, 1, s)).requires_grad_() for s in shapes]

    def first(*args: Any) -> tuple[Tensor, ...]:
        values, outer = list(args[: len(inputs)]), args[len(inputs) :]
        with enable_grad():
            for i in wanted:
                if not values[i].requires_grad:
                    values[i] = values[i].detach().requires_grad_()
            results = [
                (r, w)
                for r, w in zip(_results(func, values), outer, strict=True)
                if r.requires_grad
            ]
            return grad(
                [r for r, _ in results],
                [values[i] for i in wanted],
                [w for _, w in results],
                create_graph=True,
                materialize_grads=True,
            )

    return gradcheck(first, [*inputs, *weights], **options)
