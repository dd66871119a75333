"""The graph and the backward pass. Writes in place are in test_autograd_in_place.py."""

from __future__ import annotations

import gc
import inspect
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import engine
from engine import Tensor
from engine.autograd import grad
from engine.testing import GradcheckError, gradcheck, gradgradcheck


def leaf(*values: float, dtype: engine.dtype = engine.float32) -> Tensor:
    return engine.tensor(values, dtype=dtype, requires_grad=True)


# --- backward and grad ------------------------------------------------------------------------


def test_backward_adds_into_grad() -> None:
    x = leaf(1, 2)
    (x * x).sum().backward()
    first = x.grad
    (3 * x).sum().backward()
    assert x.grad.tolist() == [5, 7] and x.grad is first
    x.grad = None
    (x * x).backward(engine.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2, 40]


def test_a_gradient_belongs_to_its_leaf_alone() -> None:
    x, y, seed = leaf(1), leaf(1), engine.ones(1)
    (x + y).backward(seed)
    x.grad.zero_()
    assert y.grad.tolist() == [1] and seed.tolist() == [1]


def test_backward_errors() -> None:
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match=r"gradient: must be given .* got shape \(2,\)"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match=r"gradient: expected shape \(2,\), got \(3,\)"):
        (x * 2).backward(engine.ones(3))
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        engine.ones(1).backward()


def test_the_graph_is_freed_unless_retained() -> None:
    x = leaf(3)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12]
    with pytest.raises(RuntimeError, match=r"freed.*retain_graph=True"):
        y.backward()
    total = x + 1  # nothing was saved, so nothing is missing
    total.backward()
    total.backward()


def test_grad_changes_no_leaf() -> None:
    x, w = leaf(2), leaf(3)
    y = x * w
    z = y * y
    found = grad(z, [x, y, x, w], retain_graph=True)
    assert [g.item() for g in found] == [36, 12, 36, 24]
    with pytest.warns(UserWarning, match="retain_grad"):
        assert x.grad is None and y.grad is None
    assert grad([z, y], x, [engine.ones(1), engine.full((1,), 10.0)])[0].item() == 66
    assert grad(y, y)[0].item() == 1


def test_grad_of_inputs_that_are_not_used() -> None:
    x, other = leaf(2), leaf(1)
    with pytest.raises(RuntimeError, match=r"input 1 was not used.*allow_unused"):
        grad(x * 2, [x, other])
    assert grad(x * 2, [x, other], allow_unused=True)[1] is None
    assert grad(x * 2, [x, other], materialize_grads=True)[1].tolist() == [0]
    with pytest.raises(RuntimeError, match=r"inputs: .*does not require a gradient"):
        grad(x * 2, engine.ones(1))


def test_backward_into_chosen_inputs() -> None:
    x, w = leaf(2), leaf(3)
    y = x * w
    (y * y).backward(inputs=[x, y])
    assert (x.grad.item(), y.grad.item(), w.grad) == (36, 12, None)


def test_broadcasting_and_dtypes_are_undone() -> None:
    x, w = engine.ones(3, 1, requires_grad=True), leaf(1, 2, dtype=engine.float64)
    h = engine.ones((), dtype=engine.bfloat16, requires_grad=True)
    (x * w * h).sum().backward()
    assert x.grad.tolist() == [[3]] * 3 and w.grad.tolist() == [3, 3] and h.grad.item() == 9
    assert (x.grad.dtype, w.grad.dtype, h.grad.dtype) == (x.dtype, w.dtype, h.dtype)


def test_several_results() -> None:
    x = leaf(1, 5, 3)
    values, indices = x.sort()
    assert not indices.requires_grad
    (values * engine.tensor([1.0, 2.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [1, 4, 2]
    a, _, c = (m := engine.ones(2, 3, requires_grad=True)).unbind(1)
    (2 * a + 3 * c).sum().backward()
    assert m.grad.tolist() == [[2, 0, 3]] * 2


def test_a_diamond_of_paths() -> None:
    x = leaf(1)
    y = x
    for _ in range(30):  # 2**30 paths, 30 nodes
        y = y + y
    y.backward()
    assert x.grad.item() == 2**30


# --- leaves, detaching, retaining ---------------------------------------------------------------


def test_leaves() -> None:
    x = leaf(1)
    y = x * 2
    assert x.is_leaf and not y.is_leaf and y.requires_grad and x.grad_fn is None
    assert y.grad_fn.name() == "mul" and y.grad_fn == y.grad_fn
    assert y.detach().is_leaf and not y.detach().requires_grad
    assert y.detach().data_ptr() == y.data_ptr()
    ((node, index),) = y.grad_fn.next_functions
    assert node.name() == "Leaf" and index == 0
    with pytest.raises(RuntimeError, match=r"only floating tensors.*got int64"):
        engine.ones(1, dtype=engine.int64).requires_grad_()
    with pytest.raises(RuntimeError, match=r"use detach\(\)"):
        y.requires_grad = False


def test_detach_in_place() -> None:
    x = leaf(1)
    y = x * 2
    assert y.detach_() is y and y.is_leaf and not y.requires_grad
    with pytest.raises(RuntimeError, match="view"):
        (x * 2)[0].detach_()


def test_retain_grad() -> None:
    x = leaf(2)
    y = x * 3
    assert not y.retains_grad
    y.retain_grad()
    (y * y).backward()
    assert y.retains_grad and y.grad.item() == 12 and x.grad.item() == 36
    with pytest.raises(RuntimeError, match="requires a gradient"):
        engine.ones(1).retain_grad()


def test_grad_can_be_assigned() -> None:
    x = leaf(1, 2)
    x.grad = engine.ones(2)
    x.sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(ValueError, match=r"grad: expected shape \(2,\), got \(3,\)"):
        x.grad = engine.ones(3)
    with pytest.raises(TypeError, match="grad: expected dtype float32, got float64"):
        x.grad = engine.ones(2).double()


def test_data_replaces_the_memory_of_a_leaf() -> None:
    x = leaf(1, 2)
    x.data = engine.zeros(3)
    (x * 2).sum().backward()
    assert x.shape == (3,) and x.grad.tolist() == [2, 2, 2]
    x.data += 1
    assert x.tolist() == [1, 1, 1] and x.is_leaf


# --- modes --------------------------------------------------------------------------------------


def test_modes_nest_and_are_restored() -> None:
    x = leaf(1)
    with engine.no_grad():
        assert not (x * 2).requires_grad
        with engine.enable_grad():
            assert (x * 2).requires_grad
        assert not engine.is_grad_enabled()
    with pytest.raises(KeyError), engine.no_grad():
        raise KeyError
    assert engine.is_grad_enabled()
    with engine.set_grad_enabled(False):
        assert not engine.is_grad_enabled()
    engine.set_grad_enabled(False)
    assert not engine.is_grad_enabled()
    engine.set_grad_enabled(True)
    assert engine.is_grad_enabled()


@pytest.mark.parametrize(
    "mode, expected",
    [
        (engine.no_grad, False),
        (engine.no_grad(), False),
        (engine.enable_grad(), True),
        (engine.inference_mode, False),
        (engine.inference_mode(False), True),
    ],
)
def test_modes_decorate_functions_and_generators(mode: Any, expected: bool) -> None:
    @mode
    def function(depth: int) -> list[bool]:
        """Returns the modes."""
        return [engine.is_grad_enabled(), *(function(depth - 1) if depth else [])]

    @mode
    def generator() -> Iterator[bool]:
        yield engine.is_grad_enabled()
        yield engine.is_grad_enabled()

    assert function(2) == [expected] * 3 and function.__doc__ == "Returns the modes."
    assert inspect.isgeneratorfunction(generator)
    assert [(seen, engine.is_grad_enabled()) for seen in generator()] == [(expected, True)] * 2


def test_a_decorated_generator_takes_what_it_is_sent() -> None:
    @engine.no_grad()
    def echo() -> Any:
        try:
            got = yield 1
        except KeyError:
            got = "thrown"
        yield got, engine.is_grad_enabled()

    for act, wanted in [(lambda g: g.send(5), 5), (lambda g: g.throw(KeyError), "thrown")]:
        steps = echo()
        assert next(steps) == 1 and act(steps) == (wanted, False)
    steps.close()
    assert engine.is_grad_enabled()


def test_set_grad_enabled_as_a_decorator_acts_in_calls_alone() -> None:
    @engine.set_grad_enabled(False)
    def enabled() -> bool:
        return engine.is_grad_enabled()

    assert engine.is_grad_enabled() and not enabled() and engine.is_grad_enabled()


def test_inference_mode() -> None:
    x, outside = leaf(1), engine.ones(1)
    with engine.inference_mode():
        y = engine.ones(1) * 2
        with engine.enable_grad():
            assert not (x * 2).requires_grad
        outside.add_(1)
        assert engine.is_inference_mode_enabled() and y.is_inference() and y[0].is_inference()
    assert not outside.is_inference() and outside.tolist() == [2]
    for use in (
        lambda: y.add_(1),
        lambda: y[:1].zero_(),
        lambda: x * y,
        lambda: y.requires_grad_(),
    ):
        with pytest.raises(RuntimeError, match=r"made in inference mode.*clone\(\)"):
            use()
    with engine.inference_mode():
        layer = engine.nn.Linear(1, 1)
        assert layer.weight.requires_grad and engine.ones(1, requires_grad=True).requires_grad
        assert not layer(y).requires_grad
    (x + y).backward()  # saves nothing
    (x * y.clone()).backward()
    assert x.grad.tolist() == [3]


# --- hooks --------------------------------------------------------------------------------------


def test_hooks_run_in_order_and_replace() -> None:
    x = leaf(1, 2)
    y = x * 1
    x.register_hook(lambda g: g * 2)
    first = x.register_hook(lambda g: g + 1)
    y.register_hook(lambda g: None)
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert x.grad.tolist() == [21, 21]
    first.remove()
    assert grad((x * 1).sum(), x)[0].tolist() == [2, 2]
    with x.register_hook(lambda g: g * 0):
        assert grad((x * 1).sum(), x)[0].tolist() == [0, 0]
    assert grad((x * 1).sum(), x)[0].tolist() == [2, 2]


def test_hooks_see_the_whole_gradient_once() -> None:
    x, seen = leaf(1), []
    y = x * 1
    y.register_hook(lambda g: seen.append(g.item()))
    (y * 2 + y * 3).backward()
    assert seen == [5]


def test_hook_errors() -> None:
    def fail(g: Tensor) -> None:
        raise KeyError("mine")

    x = leaf(1, 2)
    with x.register_hook(fail), pytest.raises(KeyError, match="mine"):
        x.sum().backward()
    with x.register_hook(lambda g: g[:1]), pytest.raises(RuntimeError, match="hook: expected a"):
        x.sum().backward()
    x.sum().backward()
    assert x.grad.tolist() == [1, 1]  # no state is left from the failed passes
    with pytest.raises(RuntimeError, match="requires a gradient"):
        engine.ones(1).register_hook(fail)


def test_post_accumulate_hooks() -> None:
    x, seen = leaf(1), []
    handle = x.register_post_accumulate_grad_hook(lambda p: seen.append((p is x, p.grad.item())))
    (x * 1).backward()
    (x * 2).backward()
    handle.remove()
    (x * 2).backward()
    assert seen == [(True, 1), (True, 3)]
    with pytest.raises(RuntimeError, match="leaf"):
        (x * 1).register_post_accumulate_grad_hook(lambda p: None)


def test_leaves_with_hooks_are_freed() -> None:
    x = leaf(1)
    x.register_post_accumulate_grad_hook(lambda p: None)
    (x * 2).backward()
    gone = weakref.ref(x)
    del x
    assert gone() is None


# --- higher orders ------------------------------------------------------------------------------


def test_gradients_of_gradients() -> None:
    x = leaf(2)
    g = x**4
    for wanted in (32, 48, 48, 24):
        (g,) = grad(g, x, create_graph=True)
        assert g.item() == wanted
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad


FUSED: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(0),
    "layer_norm": lambda x: engine.nn.functional.layer_norm(x, (4,)),
    "cross_entropy": lambda x: engine.nn.functional.cross_entropy(x, engine.tensor([1, 0, 3])),
    "batch_norm": lambda x: engine.nn.functional.batch_norm(x, None, None, training=True),
    "gelu": engine.nn.functional.gelu,
}


@pytest.mark.parametrize("name", FUSED)
def test_gradients_of_gradients_through_fused_ops(name: str) -> None:
    x = engine.arange(12.0, dtype=engine.float64).view(3, 4).sin().requires_grad_()
    assert gradcheck(FUSED[name], (x,)) and gradgradcheck(FUSED[name], (x,))


class Wrong(engine.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 3.01 * g * x**2


class WrongAgain(Wrong):
    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 3 * g * x * x.detach()  # right, but its own gradient is not


def test_gradcheck_rejects_wrong_gradients() -> None:
    x = leaf(0.5, 2, dtype=engine.float64)
    with pytest.raises(GradcheckError, match="the gradient of input 0 is"):
        gradcheck(Wrong.apply, (x,))
    assert not gradcheck(Wrong.apply, (x,), raise_exception=False)
    assert gradcheck(WrongAgain.apply, (x,))
    with pytest.raises(GradcheckError):
        gradgradcheck(WrongAgain.apply, (x,))
    with pytest.raises(GradcheckError, match="none of its results requires a gradient"):
        gradcheck(lambda x: x.detach(), (x,))
    with pytest.raises(ValueError, match="expected float64"):
        gradcheck(lambda x: x, (leaf(1),))


# --- the length of the graph, memory, anomalies ---------------------------------------------------


def test_a_million_ops() -> None:
    x = engine.ones(1, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 0.0
    y.backward()
    assert x.grad.item() == 1
    del y  # freed without recursion


def test_long_chains_are_freed_without_backward() -> None:
    x = engine.ones(2000, requires_grad=True)
    before = engine.memory_stats()["in_use"]
    y = x
    for _ in range(2000):
        y = y * y.detach()  # saves both
    assert engine.memory_stats()["in_use"] > before + 2000 * 8000
    del y
    assert engine.memory_stats()["in_use"] == before


def test_backward_frees_what_was_saved() -> None:
    x = engine.ones(20_000, requires_grad=True)
    y = x * 1
    before = engine.memory_stats()["in_use"]
    total = (y.exp() * y).sum()
    total.backward()
    del y
    gc.collect()
    assert engine.memory_stats()["in_use"] <= before  # the gradient has reused the memory of y


def test_anomaly_mode_names_the_forward_line() -> None:
    x = leaf(0)
    with engine.autograd.detect_anomaly():
        y = x.sqrt() * 0  # the line in the message
        with pytest.raises(RuntimeError, match="nan") as raised:
            y.backward()
    assert "the line in the message" in str(raised.value) and "test_autograd.py" in str(
        raised.value
    )
    (x.sqrt() * 0).backward()
    assert x.grad.isnan().item()


def test_grad_of_a_result_is_warned_of() -> None:
    leaf = engine.ones(2, requires_grad=True)
    result = leaf * 2
    with pytest.warns(UserWarning, match=r"call retain_grad\(\) first"):
        assert result.grad is None
    kept = leaf * 2
    kept.retain_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert leaf.grad is None and kept.grad is None and engine.ones(1).grad is None
