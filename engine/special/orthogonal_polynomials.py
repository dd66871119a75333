"""Orthogonal polynomials by their three-term recurrences, differentiable in the argument.

A degree is a number or a tensor that broadcasts with the argument, and is rounded towards zero;
polynomials of negative degree are 0. Integer arguments give the default dtype. The time grows with
the degree.

Source: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), chapter 22.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._creation import as_tensor
from engine._functions import result_type

Start = Callable[[Tensor], Any]
Step = Callable[[Tensor, int, Any, Any], Any]  # (x, k, P_k, P_{k-1}) to P_{k+1}


def _of_degree(x: Tensor, degree: int, start: Start, step: Step) -> Tensor:
    if degree < 0:
        return _C.zeros_like(x)
    before, current = _C.zeros_like(x), _C.ones_like(x)
    for k in range(degree):
        before, current = current, (step(x, k, current, before) if k else start(x))
    return current


def _evaluated(x: Any, n: Any, start: Start, step: Step) -> Tensor:
    """Each element by the recurrence of its own degree."""
    x = as_tensor(x)
    dtype = result_type(x, n)
    x = x.to(dtype if dtype.is_floating_point else _C.get_default_dtype())
    if not isinstance(n, Tensor):
        return _of_degree(x, int(n), start, step)
    if n.dim() == 0:
        return _of_degree(x, int(n.item()), start, step)
    x, degrees = _C._broadcast_all([x, n.detach().to(_C.int64)])
    result = _C.zeros_like(x)
    for degree in _C._unique(degrees).values.tolist():
        chosen = degrees == degree
        result[chosen] = _of_degree(x[chosen], degree, start, step)
    return result


def _chebyshev_step(x: Tensor, k: int, current: Any, before: Any) -> Any:
    return 2 * x * current - before


def _polynomial(
    name: str, title: str, equation: str, example: str, start: Start, step: Step = _chebyshev_step
) -> Callable[[Any, Any], Tensor]:
    def function(input: Tensor | float, n: Tensor | float) -> Tensor:
        return _evaluated(input, n, start, step)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{title} of degree ``n``: {equation}

    >>> import engine
    >>> engine.special.{name}(engine.tensor(0.5), 3)
    {example}
    """
    return function


def _shifted(
    name: str, title: str, example: str, of: Callable[[Any, Any], Tensor]
) -> Callable[[Any, Any], Tensor]:
    def function(input: Tensor | float, n: Tensor | float) -> Tensor:
        return of(2 * input - 1, n)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{title} of degree ``n`` at ``2 x - 1``.

    >>> import engine
    >>> engine.special.{name}(engine.tensor(0.5), 3)
    {example}
    """
    return function


_KINDS = "Chebyshev's polynomial of the {} kind"
chebyshev_polynomial_t = _polynomial(
    "chebyshev_polynomial_t",
    _KINDS.format("first"),
    "``cos(n t)`` at ``x = cos(t)``.",
    "tensor(-1.)",
    lambda x: x,
)
chebyshev_polynomial_u = _polynomial(
    "chebyshev_polynomial_u",
    _KINDS.format("second"),
    "``sin((n + 1) t) / sin(t)`` at ``x = cos(t)``.",
    "tensor(-1.)",
    lambda x: 2 * x,
)
chebyshev_polynomial_v = _polynomial(
    "chebyshev_polynomial_v",
    _KINDS.format("third"),
    "``cos((n + 1/2) t) / cos(t / 2)`` at ``x = cos(t)``.",
    "tensor(-1.)",
    lambda x: 2 * x - 1,
)
chebyshev_polynomial_w = _polynomial(
    "chebyshev_polynomial_w",
    _KINDS.format("fourth"),
    "``sin((n + 1/2) t) / sin(t / 2)`` at ``x = cos(t)``.",
    "tensor(-1.)",
    lambda x: 2 * x + 1,
)
shifted_chebyshev_polynomial_t = _shifted(
    "shifted_chebyshev_polynomial_t", _KINDS.format("first"), "tensor(-0.)", chebyshev_polynomial_t
)
shifted_chebyshev_polynomial_u = _shifted(
    "shifted_chebyshev_polynomial_u", _KINDS.format("second"), "tensor(-0.)", chebyshev_polynomial_u
)
shifted_chebyshev_polynomial_v = _shifted(
    "shifted_chebyshev_polynomial_v", _KINDS.format("third"), "tensor(1.)", chebyshev_polynomial_v
)
shifted_chebyshev_polynomial_w = _shifted(
    "shifted_chebyshev_polynomial_w", _KINDS.format("fourth"), "tensor(-1.)", chebyshev_polynomial_w
)
hermite_polynomial_h = _polynomial(
    "hermite_polynomial_h",
    "The physicist's Hermite polynomial",
    "orthogonal under ``exp(-x^2)``.",
    "tensor(-5.)",
    lambda x: 2 * x,
    lambda x, k, current, before: 2 * (x * current - k * before),
)
hermite_polynomial_he = _polynomial(
    "hermite_polynomial_he",
    "The probabilist's Hermite polynomial",
    "orthogonal under ``exp(-x^2 / 2)``.",
    "tensor(-1.3750)",
    lambda x: x,
    lambda x, k, current, before: x * current - k * before,
)
laguerre_polynomial_l = _polynomial(
    "laguerre_polynomial_l",
    "Laguerre's polynomial",
    "orthogonal under ``exp(-x)`` for positive x.",
    "tensor(-0.1458)",
    lambda x: 1 - x,
    lambda x, k, current, before: ((2 * k + 1 - x) * current - k * before) / (k + 1),
)
legendre_polynomial_p = _polynomial(
    "legendre_polynomial_p",
    "Legendre's polynomial",
    "orthogonal between -1 and 1.",
    "tensor(-0.4375)",
    lambda x: x,
    lambda x, k, current, before: ((2 * k + 1) * x * current - k * before) / (k + 1),
)
