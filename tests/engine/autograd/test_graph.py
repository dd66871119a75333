from __future__ import annotations

from typing import Any

import pytest

import engine
from engine.autograd import graph


def test_node_hooks_see_and_replace_gradients() -> None:
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    seen = []
    y.grad_fn.register_prehook(lambda outputs: seen.append("before") or (outputs[0] * 10,))
    handle = y.grad_fn.register_hook(
        lambda inputs, outputs: (
            seen.append(outputs[0].tolist()) or tuple(None if g is None else g + 1 for g in inputs)
        )
    )
    y.sum().backward(retain_graph=True)
    assert seen == ["before", [10.0, 10.0]] and x.grad.tolist() == [31, 31]
    handle.remove()
    x.grad = None
    y.sum().backward()
    assert x.grad.tolist() == [30, 30] and len(seen) == 3


def test_leaf_node_hooks_run() -> None:
    x = engine.ones(2, requires_grad=True)
    y = x * 2
    (leaf, _), *_ = y.grad_fn.next_functions
    seen = []
    leaf.register_hook(lambda inputs, outputs: seen.append((inputs, outputs[0].tolist())))
    y.sum().backward()
    assert seen == [((), [2.0, 2.0])] and x.grad.tolist() == [2, 2]


def test_metadata_lives_with_the_node() -> None:
    y = engine.ones(1, requires_grad=True) * 2
    y.grad_fn.metadata["line"] = 3
    assert y.grad_fn.metadata == {"line": 3} and y.grad_fn.name() == "mul"
    assert graph.get_gradient_edge(y) == (y.grad_fn, 0)


def function_of(x: Any, w: Any) -> Any:
    return (engine.cat([x.exp(), (x @ w).tanh()]).sigmoid()).sum()


def test_packed_tensors_give_the_same_gradients() -> None:
    x = engine.tensor([0.5, -1.0], requires_grad=True)
    w = engine.tensor([[1.0, 2.0], [3.0, -4.0]], requires_grad=True)
    expected = engine.autograd.grad(function_of(x, w), (x, w))
    packed = []
    with graph.saved_tensors_hooks(
        lambda t: packed.append(t) or t.numpy().copy(), engine.from_numpy
    ):
        y = function_of(x, w)
    assert packed and not any(t.requires_grad for t in packed)
    found = engine.autograd.grad(y, (x, w))
    for a, b in zip(found, expected, strict=True):
        engine.testing.assert_close(a, b)


def test_second_gradients_go_through_packed_tensors() -> None:
    x = engine.tensor([0.5, -1.0], requires_grad=True)
    with graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = (x.exp() * x).sum()
    (dx,) = engine.autograd.grad(y, x, create_graph=True)
    (ddx,) = engine.autograd.grad(dx.sum(), x)
    engine.testing.assert_close(ddx, (x.exp() * (x + 2)).detach())


def test_functions_of_python_are_packed_too() -> None:
    class Cube(engine.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x * x
            ctx.save_for_backward(x, y)
            return y * x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, _ = ctx.saved_tensors
            return 3 * x * x * grad

    x = engine.tensor(2.0, requires_grad=True)
    packed = []
    with graph.saved_tensors_hooks(lambda t: packed.append(t) or t * 1, lambda t: t):
        y = Cube.apply(x)
    assert len(packed) == 2
    (dx,) = engine.autograd.grad(y, x, create_graph=True)
    (ddx,) = engine.autograd.grad(dx, x)
    assert dx.item() == 12 and ddx.item() == 12


def test_hooks_nest_end_and_can_be_forbidden() -> None:
    x = engine.ones(1, requires_grad=True)
    seen: list[str] = []

    def noting(name: str) -> Any:
        return graph.saved_tensors_hooks(lambda t: seen.append(name) or t, lambda t: t)

    with noting("outer"):
        with noting("inner"):
            x.exp()
        x.exp()
    x.exp()
    assert seen == ["inner", "outer"]
    with (
        graph.disable_saved_tensors_hooks("not here"),
        pytest.raises(RuntimeError, match="not here"),
        noting("none"),
    ):
        pass
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 3):
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook: expected Tensor, got int"):
        y.backward()
