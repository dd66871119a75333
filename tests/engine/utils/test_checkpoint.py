"""Activation checkpoints: equal gradients, and a second run."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import engine
from engine import Tensor, nn
from engine.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def make_model() -> nn.Sequential:
    engine.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 3)).double()


def gradients(run: Callable[[nn.Sequential, Tensor], Tensor], needs_grad: bool) -> list[Tensor]:
    """Gradients of the parameters, optionally the input, and of the sum of their squares."""
    model = make_model()
    x = engine.randn(5, 4, dtype=engine.float64, requires_grad=needs_grad)
    inputs = [*model.parameters(), *([x] if needs_grad else [])]
    y = run(model, x)
    first = engine.autograd.grad((y * y).sum(), inputs, create_graph=True)
    second = engine.autograd.grad(sum((g * g).sum() for g in first), inputs, allow_unused=True)
    return [g for g in (*first, *second) if g is not None]


def nested(model: nn.Sequential, x: Tensor) -> Tensor:
    def inner(h: Tensor) -> Tensor:
        return model[2](model[1](h))

    return checkpoint(lambda x: model[3](checkpoint(inner, model[0](x))), x)


@pytest.mark.parametrize("needs_grad", [False, True], ids=["parameters", "input"])
@pytest.mark.parametrize(
    "run",
    [
        lambda model, x: checkpoint(model, x),
        lambda model, x: checkpoint(model, x, use_reentrant=False, early_stop=False),
        lambda model, x: checkpoint_sequential(model, 2, x),
        lambda model, x: checkpoint_sequential(list(model), 4, x, use_reentrant=False),
        nested,
    ],
    ids=["module", "no_early_stop", "sequential", "layers", "nested"],
)
def test_first_and_second_gradients(
    run: Callable[[nn.Sequential, Tensor], Tensor], needs_grad: bool
) -> None:
    pairs = zip(
        gradients(lambda model, x: model(x), needs_grad), gradients(run, needs_grad), strict=True
    )
    for plain, recomputed in pairs:
        assert engine.allclose(plain, recomputed, rtol=1e-12, atol=1e-14)


def test_backward_reaches_parameters_of_a_closure() -> None:
    layer = nn.Linear(2, 2)
    weight = layer(engine.ones(1, 2))
    checkpoint(lambda x: (x * weight).sum(), engine.full((1, 2), 3.0)).backward()
    assert engine.equal(layer.bias.grad, engine.full((2,), 3.0))


def test_the_function_runs_again_and_randomness_goes_on() -> None:
    calls = []

    def noisy(x: Tensor, scale: float, *, shift: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        calls.append(scale)
        y = x * engine.rand(3) * scale
        return y, {"shifted": (x + shift).exp()}

    x, shift = engine.ones(3, requires_grad=True), engine.zeros(3, requires_grad=True)
    scaled, others = checkpoint(noisy, x, 2.0, shift=shift)
    state = engine.default_generator.get_state()
    following = engine.rand(3)
    engine.default_generator.set_state(state)
    (scaled.sum() + others["shifted"].sum()).backward()
    assert calls == [2.0, 2.0]
    assert engine.equal(engine.rand(3), following)
    assert engine.allclose(x.grad, scaled.detach() + others["shifted"].detach())
    assert engine.allclose(shift.grad, others["shifted"].detach())


def test_randomness_need_not_be_preserved() -> None:
    x = engine.ones(1000, requires_grad=True)
    y = checkpoint(lambda x: x * engine.rand(1000).exp(), x, preserve_rng_state=False)
    y.sum().backward()
    assert not engine.allclose(x.grad, y.detach())


def test_activations_are_not_saved() -> None:
    held: list[Any] = []

    def function(x: Tensor) -> Tensor:
        y = x.exp()
        held.append(weakref.ref(y))
        return y.sin().sum()

    x = engine.ones(3, requires_grad=True)
    loss = checkpoint(function, x)
    assert held[0]() is None
    loss.backward()
    assert len(held) == 2 and held[1]() is None


def test_several_backward_passes() -> None:
    calls = []

    def function(x: Tensor) -> Tensor:
        calls.append(x)
        return (x.exp() * x).sum()

    x = engine.tensor([0.5], requires_grad=True)
    loss = checkpoint(function, x)
    loss.backward(retain_graph=True)
    loss.backward()
    assert len(calls) == 3 and x.grad.item() == pytest.approx(2 * 1.5 * 1.6487213)


def test_a_gradient_inside_the_function() -> None:
    def penalty(x: Tensor) -> Tensor:
        (slope,) = engine.autograd.grad((x.sin() * x).sum(), x, create_graph=True)
        return (slope * slope).sum()

    grads = []
    for run in (penalty, lambda x: checkpoint(penalty, x)):
        x = engine.linspace(0.0, 1.0, 5).requires_grad_()
        run(x).backward()
        grads.append(x.grad)
    assert engine.allclose(*grads)


def test_contexts_of_both_runs() -> None:
    log: list[str] = []

    @contextlib.contextmanager
    def note(name: str) -> Any:
        log.append(name)
        yield

    x = engine.ones(1, requires_grad=True)
    y = checkpoint(lambda x: x.exp(), x, context_fn=lambda: (note("first"), note("second")))
    y.backward()
    assert log == ["first", "second"]


def test_autocast_of_the_first_run() -> None:
    weight = nn.Parameter(engine.ones(2, 2))
    with engine.amp.autocast("cpu"):
        y = checkpoint(lambda x: (x @ weight).exp(), engine.ones(2, 2))
    assert y.dtype == engine.bfloat16
    y.float().sum().backward()
    assert weight.grad.dtype == engine.float32


def test_without_gradients_it_is_a_plain_call() -> None:
    with engine.no_grad():
        y = checkpoint(lambda x: x.exp(), engine.ones(1, requires_grad=True))
    assert not y.requires_grad


def changing() -> Callable[[Tensor], Tensor]:
    sizes = iter([3, 2])
    return lambda x: x[: next(sizes)].exp().sum()


def shortening() -> Callable[[Tensor], Tensor]:
    runs = iter([2, 1])

    def function(x: Tensor) -> Tensor:
        for _ in range(next(runs)):
            x = x.exp()
        return x.sum()

    return function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (changing(), r"float32 of shape \(3,\) on cpu in the first run and engine.float32 of sha"),
        (shortening(), "saved 2 tensors in its first run and 1 in its second"),
    ],
)
def test_a_function_that_changes_is_an_error(
    function: Callable[[Tensor], Tensor], message: str
) -> None:
    loss = checkpoint(function, engine.ones(3, requires_grad=True))
    with pytest.raises(CheckpointError, match=message):
        loss.backward()


def test_writing_an_input_is_an_error() -> None:
    weight, x = nn.Parameter(engine.ones(3)), engine.ones(3)
    loss = checkpoint(lambda x: (x * weight).sum(), x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="was overwritten after the forward pass"):
        loss.backward()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: checkpoint(len, [], determinism_check="x"),
            ValueError,
            "determinism_check must be",
        ),
        (
            lambda: checkpoint(len, [], debug=True),
            NotImplementedError,
            "debug=True is not implemented",
        ),
        (lambda: checkpoint_sequential([abs], 2, 1), ValueError, "segments must be at most 1"),
        (lambda: checkpoint_sequential([abs], 0, 1), ValueError, "segments must be positive"),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
