"""Derivatives of functions as functions: gradients, products with Jacobians, Jacobians, Hessians.

The results are those of ``torch.func``, by the graph that ``backward`` uses. Arguments and results
may be nested tuples, lists and dicts of tensors. Results can be differentiated where the arguments,
or other tensors that the function reads, require a gradient: so the transforms nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import _C
from engine._C import Node, Tensor
from engine._pytree import TreeSpec, tree_flatten, tree_map, tree_unflatten
from engine.autograd.gradients import grad as gradients
from engine.autograd.graph import get_gradient_edge
from engine.autograd.modes import enable_grad

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


class _Trace:
    """One call of a function at a point, recorded so that it can be differentiated.

    ``inputs`` are the tensors of the point as variables, ``outputs`` those of the result. ``outer``
    is True if the result also belongs to a larger graph, so that derivatives are recorded too.
    """

    def __init__(
        self,
        name: str,
        function: Function,
        args: tuple[Any, ...],
        has_aux: bool,
        tangents: Any = (),
    ) -> None:
        recording = _C.is_grad_enabled()
        leaves, self.in_spec = tree_flatten(args)
        given = [*_tensors(name, leaves), *tangents]
        self.outer = recording and any(t.requires_grad for t in given)
        with enable_grad():
            self.inputs = [_point(leaf, recording) for leaf in leaves]
            answer = function(*tree_unflatten(self.inputs, self.in_spec))
        self.aux = None
        if has_aux:
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise RuntimeError(
                    f"{name}: func: expected a tuple of the result and aux with has_aux, got "
                    f"{type(answer).__name__}"
                )
            answer, self.aux = answer
        self.answer = answer
        self.outer = self.outer or (recording and self._reaches_outside())
        self.outputs, self.out_spec = tree_flatten(answer)
        for output in self.outputs:
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    f"{name}: func: expected a result of tensors, got {type(output).__name__}"
                )

    def _reaches_outside(self) -> bool:
        """True if the result depends on tensors that require a gradient and are not inputs."""
        known: set[Node] = {get_gradient_edge(x).node for x in self.inputs if x.requires_grad}
        results = tree_flatten((self.answer, self.aux))[0]
        waiting = [
            get_gradient_edge(y).node for y in results if isinstance(y, Tensor) and y.requires_grad
        ]
        while waiting:
            node = waiting.pop()
            if node in known:
                continue
            known.add(node)
            before = [other for other, _ in node.next_functions if other is not None]
            if not before:
                return True
            waiting += before
        return False

    def finished(self, value: Any) -> Any:
        """``value`` without the graph of this trace, unless a larger one has it."""
        if self.outer:
            return value
        return tree_map(lambda x: x.detach() if isinstance(x, Tensor) else x, value)

    def recorded(self, vectors: Sequence[Tensor]) -> bool:
        """True if a product with these vectors is part of a larger graph."""
        return _C.is_grad_enabled() and (self.outer or any(v.requires_grad for v in vectors))

    def gradients(
        self,
        outputs: Sequence[Tensor],
        inputs: Sequence[Tensor],
        weights: Sequence[Tensor],
        create_graph: bool,
    ) -> list[Tensor]:
        """Gradients of the weighted outputs, zeros for inputs that they do not depend on."""
        live = [(y, w) for y, w in zip(outputs, weights, strict=True) if y.requires_grad]
        if not live or not inputs:
            return [_C.zeros_like(x) for x in inputs]
        found = gradients(
            [y for y, _ in live],
            inputs,
            [w for _, w in live],
            retain_graph=True,
            create_graph=create_graph,
            materialize_grads=True,
        )
        return list(found)


def _tensors(name: str, leaves: list[Any]) -> list[Tensor]:
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise ValueError(f"{name}: expected arguments of tensors, got {type(leaf).__name__}")
    return leaves


def _point(x: Tensor, recording: bool) -> Tensor:
    """``x`` as a variable of its own, part of the graph around it if there is one."""
    return x.view_as(x) if x.requires_grad and recording else x.detach().requires_grad_()


def _at(name: str, function: Function, args: tuple[Any, ...], argnums: Argnums) -> Any:
    """``function`` of the chosen arguments alone, and these."""
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not chosen:
        raise RuntimeError(f"{name}: argnums must not be empty")
    for number in chosen:
        if not -len(args) <= number < len(args):
            raise RuntimeError(
                f"{name}: argnums={number}, but there are {len(args)} positional arguments"
            )
    indices = [number % len(args) for number in chosen]
    if len(set(indices)) < len(indices):
        raise RuntimeError(f"{name}: argnums={argnums} names an argument twice")

    def of_chosen(*given: Any) -> Any:
        all_args = list(args)
        for index, value in zip(indices, given, strict=True):
            all_args[index] = value
        return function(*all_args)

    return of_chosen, tuple(args[index] for index in indices)


def _shown(found: list[Tensor], spec: TreeSpec, argnums: Argnums) -> Any:
    """Derivatives in the structure of the arguments; for a single number, of that argument."""
    tree = tree_unflatten(found, spec)
    return tree[0] if isinstance(argnums, int) else tree


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns the gradient of ``func`` and its value: see :func:`grad`.

    >>> import engine
    >>> engine.func.grad_and_value(lambda x: (x * x).sum())(engine.tensor([1.0, 2.0]))
    (tensor([2., 4.]), tensor(5.))
    """
    return _grad_and_value("grad_and_value", func, argnums, has_aux)


def _grad_and_value(name: str, func: Function, argnums: Argnums, has_aux: bool) -> Function:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        of_chosen, chosen = _at(name, lambda *xs: func(*xs, **kwargs), args, argnums)
        trace = _Trace(name, of_chosen, chosen, has_aux)
        value = trace.answer
        if not isinstance(value, Tensor) or value.dim() != 0:
            shown = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise RuntimeError(f"{name}: func: expected a 0-d tensor as its result, got {shown}")
        with enable_grad():
            found = trace.gradients([value], trace.inputs, [_C.ones_like(value)], trace.outer)
        result = _shown(trace.finished(found), trace.in_spec, argnums)
        shown = trace.finished(value)
        return result, (shown, trace.finished(trace.aux)) if has_aux else shown

    return wrapped


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns the gradient of ``func``, which returns a 0-d tensor.

    ``argnums`` says by which positional arguments; a tuple gives a tuple of gradients. With
    ``has_aux``, ``func`` returns its value and something more, and the result is the gradient and
    that. Raises RuntimeError if ``func`` returns anything else.

    >>> import engine
    >>> engine.func.grad(lambda x: x.sin())(engine.tensor(0.0))
    tensor(1.)
    >>> engine.func.grad(engine.func.grad(lambda x: x ** 3))(engine.tensor(2.0))
    tensor(12.)
    """
    both = _grad_and_value("grad", func, argnums, has_aux)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapped


def _check_structure(name: str, argument: str, value: Any, spec: TreeSpec, like: Any) -> Any:
    """The tensors of ``value``, which must have the structure and shapes of ``like``."""
    leaves, given = tree_flatten(value)
    if given != spec:
        raise RuntimeError(f"{name}: {argument}: expected the structure {spec}, got {given}")
    shapes = [tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__ for x in leaves]
    wanted = [tuple(x.shape) for x in like]
    if shapes != wanted:
        raise RuntimeError(f"{name}: {argument}: expected shapes {wanted}, got {shapes}")
    return leaves


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """``func(*primals)``, and the function that multiplies vectors with its Jacobian from the left.

    That function takes vectors of the structure of the result and returns a tuple of one product
    for each of ``primals``; it can be called any number of times. With ``has_aux``, ``func``
    returns a tuple of its result and something more, which is the third item of the answer.

    >>> import engine
    >>> y, product = engine.func.vjp(lambda x: x * x, engine.tensor([1.0, 2.0]))
    >>> y, product(engine.ones(2))
    (tensor([1., 4.]), (tensor([2., 4.]),))
    """
    trace = _Trace("vjp", func, primals, has_aux)

    def product(*cotangents: Any) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        vectors = _check_structure("vjp", "cotangents", given, trace.out_spec, trace.outputs)
        recorded = trace.recorded(vectors)
        with enable_grad():
            found = trace.gradients(trace.outputs, trace.inputs, vectors, recorded)
        return tree_unflatten(found, trace.in_spec)

    shown = trace.finished(trace.answer)
    return (shown, product, trace.finished(trace.aux)) if has_aux else (shown, product)


def _transposed(trace: _Trace) -> tuple[list[Tensor], list[Tensor]]:
    """Vectors, and their products with the Jacobian, whose derivatives by the vectors are it."""
    with enable_grad():
        vectors = [_C.zeros_like(y).requires_grad_() for y in trace.outputs]
        return vectors, trace.gradients(trace.outputs, trace.inputs, vectors, True)


def jvp(
    func: Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> Any:
    """``func(*primals)``, and the product of its Jacobian with ``tangents``.

    Both are tuples of one structure. The product is the derivative of a product from the left
    with its vector, so that it takes two backward passes. With ``has_aux``, ``func`` returns a
    tuple of its result and something more, the third item of the answer. ``strict`` makes it an
    error that a result does not depend on an input.

    >>> import engine
    >>> x = engine.tensor([1.0, 2.0])
    >>> engine.func.jvp(lambda x: x * x, (x,), (engine.tensor([1.0, 0.0]),))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    for name, value in (("primals", primals), ("tangents", tangents)):
        if not isinstance(value, tuple):
            raise RuntimeError(f"jvp: {name}: expected a tuple, got {type(value).__name__}")
    leaves, spec = tree_flatten(primals)
    directions = _check_structure("jvp", "tangents", tangents, spec, _tensors("jvp", leaves))
    trace = _Trace("jvp", func, primals, has_aux, directions)
    if strict and not all(y.requires_grad for y in trace.outputs):
        raise RuntimeError("jvp: strict: a result does not depend on the inputs")
    vectors, products = _transposed(trace)
    with enable_grad():
        found = trace.gradients(products, vectors, directions, trace.outer)
    tangent = tree_unflatten(trace.finished(found), trace.out_spec)
    shown = trace.finished(trace.answer)
    return (shown, tangent, trace.finished(trace.aux)) if has_aux else (shown, tangent)


def linearize(func: Function, *primals: Any) -> Any:
    """``func(*primals)``, and the function that multiplies its Jacobian there with tangents.

    ``func`` is run once; see :func:`jvp`.

    >>> import engine
    >>> y, product = engine.func.linearize(lambda x: x * x, engine.tensor([1.0, 2.0]))
    >>> product(engine.tensor([0.0, 1.0]))
    tensor([0., 4.])
    """
    trace = _Trace("linearize", func, primals, False)
    vectors, products = _transposed(trace)

    def product(*tangents: Any) -> Any:
        given = _check_structure("linearize", "tangents", tangents, trace.in_spec, trace.inputs)
        recorded = trace.recorded(given)
        with enable_grad():
            found = trace.gradients(products, vectors, given, recorded)
        return tree_unflatten(found, trace.out_spec)

    return trace.finished(trace.answer), product


def _unit_vectors(x: Tensor) -> list[Tensor]:
    return list(_C.eye(x.numel(), dtype=x.dtype).reshape(x.numel(), *x.shape).unbind(0))


def _rows(trace: _Trace) -> list[list[Tensor]]:
    """The Jacobian of each output by each input, by one backward pass per element of outputs."""
    jacobians = []
    for output in trace.outputs:
        rows = [
            trace.gradients([output], trace.inputs, [unit], trace.outer)
            for unit in _unit_vectors(output)
        ]
        jacobians.append(
            [
                _stacked([row[k] for row in rows], x, 0).reshape((*output.shape, *x.shape))
                for k, x in enumerate(trace.inputs)
            ]
        )
    return jacobians


def _columns(trace: _Trace) -> list[list[Tensor]]:
    """The same by one backward pass per element of inputs."""
    vectors, products = _transposed(trace)
    by_input = []
    for product, x in zip(products, trace.inputs, strict=True):
        columns = [
            trace.gradients([product], vectors, [unit], trace.outer) for unit in _unit_vectors(x)
        ]
        by_input.append(
            [
                _stacked([column[k] for column in columns], y, -1).reshape((*y.shape, *x.shape))
                for k, y in enumerate(trace.outputs)
            ]
        )
    return [list(row) for row in zip(*by_input, strict=True)]


def _stacked(parts: list[Tensor], like: Tensor, dim: int) -> Tensor:
    if not parts:
        return _C.zeros((0, *like.shape), dtype=like.dtype)
    return _C.stack(parts, dim)


def _jacobian(
    name: str, func: Function, argnums: Argnums, has_aux: bool, parts: Callable[[_Trace], Any]
) -> Function:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        of_chosen, chosen = _at(name, lambda *xs: func(*xs, **kwargs), args, argnums)
        trace = _Trace(name, of_chosen, chosen, has_aux)
        with enable_grad():
            found = parts(trace)
        by_output = [_shown(trace.finished(row), trace.in_spec, argnums) for row in found]
        result = tree_unflatten(by_output, trace.out_spec)
        return (result, trace.finished(trace.aux)) if has_aux else result

    return wrapped


def jacrev(
    func: Function, argnums: Argnums = 0, *, has_aux: bool = False, chunk_size: int | None = None
) -> Function:
    """A function that returns the derivatives of each element of ``func``'s result.

    For each tensor of the result a tensor of shape result.shape + argument.shape, in a structure
    like the result's of structures like the argument's; ``argnums`` and ``has_aux`` as in
    :func:`grad`. One backward pass per element of the result; ``chunk_size`` changes nothing.

    >>> import engine
    >>> engine.func.jacrev(lambda x: x.exp())(engine.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _jacobian("jacrev", func, argnums, has_aux, _rows)


def jacfwd(
    func: Function, argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Function:
    """The same numbers as :func:`jacrev`, by one backward pass per element of the arguments.

    That is faster where the result has more elements than the arguments. ``func`` runs once, so
    that ``randomness`` changes nothing.

    >>> import engine
    >>> engine.func.jacfwd(lambda x: x ** 2 * engine.ones(2))(engine.tensor(3.0))
    tensor([6., 6.])
    """
    return _jacobian("jacfwd", func, argnums, has_aux, _columns)


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """A function that returns the second derivatives of ``func``: the Jacobian of its Jacobian.

    >>> import engine
    >>> engine.func.hessian(lambda x: (x ** 3).sum())(engine.ones(2))
    tensor([[6., 0.],
            [0., 6.]])
    """
    return jacrev(jacrev(func, argnums), argnums)
