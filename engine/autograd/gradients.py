"""The backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._C import Tensor

Tensors = Tensor | Sequence[Tensor]


def _listed(tensors: Tensors | None) -> list[Tensor]:
    if tensors is None:
        return []
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def backward(
    tensors: Tensors,
    grad_tensors: Tensors | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Adds the gradients of ``tensors``, weighted by ``grad_tensors``, to the leaves.

    With ``inputs``, to those alone. The graph is freed unless ``retain_graph``; with
    ``create_graph`` the gradients can be differentiated again.

    >>> import engine
    >>> x = engine.ones(2, requires_grad=True)
    >>> engine.autograd.backward([(2 * x).sum()]); x.grad
    tensor([2., 2.])
    """
    retain = create_graph if retain_graph is None else retain_graph
    _C._backward(_listed(tensors), _listed(grad_tensors), _listed(inputs), retain, create_graph)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensors | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:  # tensors, or None with allow_unused
    """The gradients of ``outputs``, weighted by ``grad_outputs``, with respect to ``inputs``.

    Leaves' ``grad`` is unchanged. An input that the outputs do not depend on raises RuntimeError,
    or gives None with ``allow_unused`` and zeros with ``materialize_grads``.

    >>> import engine
    >>> x = engine.tensor(3.0, requires_grad=True)
    >>> engine.autograd.grad(x * x, x)
    (tensor(6.),)
    """
    retain = create_graph if retain_graph is None else retain_graph
    allowed = materialize_grads if allow_unused is None else allow_unused
    wanted = _listed(inputs)
    found = _C._grad(_listed(outputs), _listed(grad_outputs), wanted, retain, create_graph, allowed)
    if materialize_grads:
        found = [_C.zeros_like(x) if g is None else g for g, x in zip(found, wanted, strict=True)]
    return tuple(found)
