"""Jacobians, Hessians and their products with vectors, of functions of tensors.

With ``create_graph`` the results can be differentiated. With ``strict`` a result that does not
depend on an input is an error; otherwise its derivative is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine.autograd.gradients import grad
from engine.autograd.modes import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Tensor | tuple[Tensor, ...]
Function = Callable[..., Any]


def _as_tuple(value: Any, name: str, argument: str) -> tuple[Tensor, ...]:
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    for i, one in enumerate(given):
        if not isinstance(one, Tensor):
            raise TypeError(
                f"{name}: argument '{argument}': expected a tensor or a tuple of them, "
                f"got {type(one).__name__} at index {i}"
            )
    return given


def _like(result: tuple[Any, ...], original: Any) -> Any:
    return result if isinstance(original, (tuple, list)) else result[0]


def _prepared(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    """The inputs as tensors to differentiate by: part of the outer graph, or detached from it."""
    if create_graph:
        return tuple(
            x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in inputs
        )
    return tuple(x.detach().requires_grad_() for x in inputs)


def _outputs(
    name: str, func: Function, inputs: tuple[Tensor, ...]
) -> tuple[Any, tuple[Tensor, ...]]:
    answer = func(*inputs)
    outputs = _as_tuple(answer, name, "func's result")
    return answer, outputs


def _check_vector(
    name: str, vector: Any, like: tuple[Tensor, ...], argument: str = "v"
) -> tuple[Tensor, ...]:
    if vector is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"{name}: argument '{argument}': must be given unless there is one element alone"
            )
        return (_C.ones_like(like[0]),)
    given = _as_tuple(vector, name, argument)
    shapes, wanted = [tuple(v.shape) for v in given], [tuple(x.shape) for x in like]
    if shapes != wanted:
        raise RuntimeError(f"{name}: argument '{argument}': expected shapes {wanted}, got {shapes}")
    return given


def _gradients(
    name: str,
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    weights: Sequence[Tensor],
    create_graph: bool,
    strict: bool,
) -> tuple[Tensor, ...]:
    """Gradients of the weighted outputs, zeros for inputs that they do not depend on."""
    live = [(y, w) for y, w in zip(outputs, weights, strict=True) if y.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(inputs)
    if live:
        found = grad(
            [y for y, _ in live],
            inputs,
            [w for _, w in live],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )
    if strict and any(g is None for g in found):
        index = next(i for i, g in enumerate(found) if g is None)
        raise RuntimeError(f"{name}: strict: the result does not depend on input {index}")
    return tuple(_C.zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True))


def _finished(results: tuple[Any, ...], create_graph: bool) -> tuple[Any, ...]:
    return results if create_graph else tuple(r.detach() for r in results)


def vjp(
    func: Function,
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """``func(*inputs)``, and the product of ``v`` with its Jacobian.

    ``v`` has the shapes of the result; it may be omitted for a result of one element.

    >>> import engine
    >>> x = engine.tensor([1.0, 2.0])
    >>> engine.autograd.functional.vjp(lambda x: x * x, x, engine.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        given = _prepared(_as_tuple(inputs, "vjp", "inputs"), create_graph)
        answer, outputs = _outputs("vjp", func, given)
        weights = _check_vector("vjp", v, outputs)
        found = _gradients("vjp", outputs, given, weights, create_graph, strict)
    shown = _like(_finished(outputs, create_graph), answer)
    return shown, _like(_finished(found, create_graph), inputs)


def jvp(
    func: Function,
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """``func(*inputs)``, and the product of its Jacobian with ``v``.

    ``v`` has the shapes of the inputs; it may be omitted for a single input of one element.
    Computed by differentiating the product of a vector with the Jacobian by that vector.

    >>> import engine
    >>> x = engine.tensor([1.0, 2.0])
    >>> engine.autograd.functional.jvp(lambda x: x.sum(), x, engine.ones(2))
    (tensor(3.), tensor(2.))
    """
    with enable_grad():
        given = _prepared(_as_tuple(inputs, "jvp", "inputs"), create_graph)
        tangents = _check_vector("jvp", v, given)
        answer, outputs = _outputs("jvp", func, given)
        dummies = tuple(_C.zeros_like(y).requires_grad_() for y in outputs)
        backward = _gradients("jvp", outputs, given, dummies, True, strict)
        found = _gradients("jvp", backward, dummies, tangents, create_graph, strict)
    shown = _like(_finished(outputs, create_graph), answer)
    return shown, _like(_finished(found, create_graph), answer)


def _rows(
    name: str, output: Tensor, given: tuple[Tensor, ...], create_graph: bool, strict: bool
) -> tuple[Tensor, ...]:
    """The Jacobian of one output: for each input, of shape output.shape + input.shape."""
    flat = output.reshape(-1)
    rows = [
        _gradients(name, [flat[i]], given, [_C.ones_like(flat[i])], create_graph, strict)
        for i in range(flat.numel())
    ]
    if not rows:
        return tuple(_C.zeros((*output.shape, *x.shape), dtype=x.dtype) for x in given)
    return tuple(
        _C.stack([row[k] for row in rows]).reshape((*output.shape, *x.shape))
        for k, x in enumerate(given)
    )


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The derivatives of each element of ``func(*inputs)`` by each element of the inputs.

    Of shape output.shape + input.shape; a tuple for several inputs, and a tuple of those for
    several outputs. ``vectorize`` changes nothing: there is one backward pass per element.

    >>> import engine
    >>> engine.autograd.functional.jacobian(lambda x: x.exp(), engine.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            f"jacobian: argument 'strategy': expected 'reverse-mode' or 'forward-mode', "
            f"got {strategy!r}"
        )
    if strategy == "forward-mode":
        raise NotImplementedError("jacobian: forward-mode differentiation is not implemented yet")
    with enable_grad():
        given = _prepared(_as_tuple(inputs, "jacobian", "inputs"), create_graph)
        answer, outputs = _outputs("jacobian", func, given)
        found = tuple(_rows("jacobian", y, given, create_graph, strict) for y in outputs)
    finished = tuple(_like(_finished(row, create_graph), inputs) for row in found)
    return _like(finished, answer)


def _scalar(name: str, func: Function, inputs: tuple[Tensor, ...]) -> Tensor:
    answer = func(*inputs)
    if not isinstance(answer, Tensor) or answer.numel() != 1:
        shown = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise RuntimeError(f"{name}: func: expected a result of one element, got {shown}")
    return answer.reshape(())


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of ``func(*inputs)``, a scalar, by the elements of the inputs.

    Of shape input.shape + input.shape; for several inputs a tuple of tuples.

    >>> import engine
    >>> engine.autograd.functional.hessian(lambda x: (x ** 3).sum(), engine.ones(2))
    tensor([[6., 0.],
            [0., 6.]])
    """

    def first(*given: Tensor) -> tuple[Tensor, ...]:
        y = _scalar("hessian", func, given)
        return _gradients("hessian", [y], given, [_C.ones_like(y)], True, strict)

    given = _as_tuple(inputs, "hessian", "inputs")
    rows = jacobian(first, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return rows if isinstance(inputs, (tuple, list)) else rows[0][0]


def vhp(
    func: Function,
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """``func(*inputs)``, a scalar, and the product of ``v`` with its Hessian.

    >>> import engine
    >>> x = engine.tensor([1.0, 2.0])
    >>> engine.autograd.functional.vhp(lambda x: (x ** 3).sum(), x, engine.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        given = _prepared(_as_tuple(inputs, "vhp", "inputs"), create_graph)
        vector = _check_vector("vhp", v, given)
        y = _scalar("vhp", func, given)
        first = _gradients("vhp", [y], given, [_C.ones_like(y)], True, strict)
        found = _gradients("vhp", first, given, vector, create_graph, strict)
    return _finished((y,), create_graph)[0], _like(_finished(found, create_graph), inputs)


def hvp(
    func: Function,
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """``func(*inputs)``, a scalar, and the product of its Hessian with ``v``.

    The same numbers as :func:`vhp`, as Hessians are symmetric.

    >>> import engine
    >>> x = engine.tensor([1.0, 2.0])
    >>> engine.autograd.functional.hvp(lambda x: (x ** 3).sum(), x, engine.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return vhp(func, inputs, v, create_graph, strict)
