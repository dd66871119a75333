"""engine.autograd.Function: ops written in Python."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import engine
from engine import Tensor
from engine.autograd import Function, grad
from engine.autograd.function import once_differentiable
from engine.testing import gradcheck, gradgradcheck


def leaf(*values: float, dtype: engine.dtype = engine.float32) -> Tensor:
    return engine.tensor(values, dtype=dtype, requires_grad=True)


class Power(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, n: int = 2) -> Tensor:
        ctx.save_for_backward(x)
        ctx.n = n
        return x**n

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g * ctx.n * x ** (ctx.n - 1), None


class Exp(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.exp()
        ctx.save_for_backward(y, None)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        y, nothing = ctx.saved_tensors
        assert nothing is None
        return g * y


def test_all_orders_of_gradients() -> None:
    x = leaf(0.5, 2, dtype=engine.float64)
    for function in (Power.apply, lambda x: Power.apply(x, 3), Exp.apply):
        assert gradcheck(function, (x,)) and gradgradcheck(function, (x,))
    g = Exp.apply(x)
    for _ in range(3):  # through a saved result
        (g,) = grad(g.sum(), x, create_graph=True)
    engine.testing.assert_close(g, x.exp())


def test_recorded_only_where_a_gradient_is_wanted() -> None:
    assert not Power.apply(engine.ones(2)).requires_grad
    with engine.no_grad():
        assert not Power.apply(leaf(1)).requires_grad
    assert Power.apply(leaf(1)).grad_fn.name() == "Power"


def test_several_arguments_and_results() -> None:
    class F(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, y: Tensor, scale: float) -> Any:
            ctx.scale = scale
            rounded = (x + 0.4).round()
            ctx.mark_non_differentiable(rounded)
            return x * scale, "note", rounded, x.long(), y * 3

        @staticmethod
        def backward(
            ctx: Any, a: Tensor, note: None, rounded: Tensor, ints: Tensor, b: Tensor
        ) -> Any:
            assert note is None and rounded.tolist() == ints.tolist() == [0, 0]
            assert ctx.needs_input_grad == (True, True, False)
            return a * ctx.scale, b * 3, None

    x, y = leaf(1, 2), leaf(1)
    a, note, rounded, ints, _ = F.apply(x, y, 2.0)
    assert note == "note" and not rounded.requires_grad and not ints.requires_grad
    a.sum().backward()
    assert x.grad.tolist() == [2, 2] and y.grad.tolist() == [0]


def test_gradients_need_not_be_materialized() -> None:
    class F(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, a: Tensor, b: Tensor | None) -> Tensor:
            assert b is None
            return a * 2

    x = leaf(1)
    F.apply(x)[0].backward()
    assert x.grad.item() == 2


def test_setup_context() -> None:
    class F(Function):
        @staticmethod
        def forward(x: Tensor, n: int) -> Tensor:
            return x * n

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.n = inputs[1]

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return g * ctx.n, None

    x = leaf(1)
    F.apply(x, 3).backward()
    assert x.grad.item() == 3


def function_with(answer: Any) -> type[Function]:
    class F(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return answer

    return F


@pytest.mark.parametrize(
    "answer, error, message",
    [
        (engine.ones(2), RuntimeError, r"F.backward: expected 2 gradients, one per input, got 1"),
        ((engine.ones(2),) * 3, RuntimeError, r"expected 2 gradients.*got 3"),
        ((engine.ones(3), None), RuntimeError, r"broadcast"),
        ((3, None), TypeError, r"gradient 0: expected Tensor or None, got int"),
    ],
)
def test_backward_must_fit(answer: Any, error: type[Exception], message: str) -> None:
    x = leaf(1, 2)
    with pytest.raises(error, match=message):
        function_with(answer).apply(x, x).sum().backward()


def test_gradients_take_the_shape_and_dtype_of_their_input() -> None:
    x, y = leaf(1), leaf(1, 1)
    function_with((engine.ones(2), engine.ones(2).double())).apply(x, y).sum().backward()
    assert x.grad.tolist() == [2] and y.grad.dtype == engine.float32


def test_none_is_no_gradient() -> None:
    x = leaf(1, 2)
    function_with((None, None)).apply(x, x).sum().backward()
    assert x.grad is None


def test_a_result_may_be_an_argument_or_show_its_memory() -> None:
    class F(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, shape: Any) -> Tensor:
            return x if shape is None else x.view(shape)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return g.reshape(2) * 5, None

    for shape in (None, (2, 1)):
        x = leaf(1, 2)
        y = F.apply(x, shape)
        assert y is not x and y.data_ptr() == x.data_ptr()
        y.sum().backward()
        assert x.grad.tolist() == [5, 5]


def test_an_argument_written_in_place() -> None:
    class Double(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            x.mul_(2)
            ctx.mark_dirty(x)
            ctx.save_for_backward(x)
            return x

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            assert x.tolist() == [6, 12]
            return g * 2

    x = leaf(1, 2)
    y = x * 3
    assert Double.apply(y) is y
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]
    for refused in (x, (x * 1)[:1]):
        with pytest.raises(RuntimeError, match="Double: a view, or a leaf"):
            Double.apply(refused)


def test_saved_tensors_are_guarded() -> None:
    x = leaf(1, 2)
    z = x * 3
    y = Power.apply(z)
    z.mul_(2)
    with pytest.raises(RuntimeError, match="overwritten after the forward pass"):
        y.sum().backward()
    y = Power.apply(x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Power: the graph has been freed"):
        y.backward()


def test_once_differentiable() -> None:
    class F(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 2

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: Tensor) -> Tensor:
            assert not engine.is_grad_enabled()
            return g * 2

    x = leaf(1)
    y = F.apply(x)
    (g,) = grad(y * y, x, create_graph=True)
    assert g.item() == 8
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad(g, x)


def test_errors_pass_through() -> None:
    class F(Power):
        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        F.apply(leaf(1)).backward()
    with pytest.raises(NotImplementedError, match="define a static forward"):
        Function.apply(leaf(1))


def test_backward_within_backward() -> None:
    shared = leaf(3)

    class Checkpoint(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * shared * x

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            inner = ctx.saved_tensors[0].detach().requires_grad_()
            with engine.enable_grad():
                y = inner * shared * inner
            y.backward(g)  # also accumulates into `shared`, at which the outer pass may be waiting
            return inner.grad

    x = leaf(2)
    (Checkpoint.apply(Checkpoint.apply(x)) * shared).backward()
    gradients = [x.grad.item(), shared.grad.item()]
    x.grad = shared.grad = None
    inner = x * shared * x
    (inner * shared * inner * shared).backward()
    assert gradients == [x.grad.item(), shared.grad.item()]


def test_contexts_are_freed() -> None:
    class Probe:
        pass

    class F(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, probe: Probe) -> Tensor:
            ctx.probe = probe
            y = x * 2
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return g * ctx.saved_tensors[0], None

    probe = Probe()
    gone = weakref.ref(probe)
    y = F.apply(leaf(1), probe)
    y.backward()
    del y, probe
    gc.collect()
    assert gone() is None
