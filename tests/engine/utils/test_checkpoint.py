"""Checkpoints give the gradients of the function itself, and run it twice."""

from __future__ import annotations

import pytest

import engine
from engine import Tensor, nn
from engine.utils.checkpoint import checkpoint, checkpoint_sequential


def _gradients(model: nn.Module, x: Tensor, through: bool) -> list[Tensor]:
    engine.manual_seed(0)
    model.zero_grad()
    x.grad = None
    y = checkpoint(model, x) if through else model(x)
    (y * y).sum().backward()
    return [t.grad.clone() for t in (*model.parameters(), x)]


def test_gradients_with_dropout() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
    x = engine.randn(5, 4, requires_grad=True)
    pairs = zip(_gradients(model, x, False), _gradients(model, x, True), strict=True)
    for plain, recomputed in pairs:
        assert engine.allclose(plain, recomputed)


def test_the_function_runs_again_and_randomness_goes_on() -> None:
    calls = []

    def noisy(x: Tensor, scale: float, shift: float = 0.0) -> tuple[Tensor, Tensor]:
        calls.append(scale)
        return x * engine.rand(3) * scale, x + shift

    x = engine.ones(3, requires_grad=True)
    scaled, shifted = checkpoint(noisy, x, 2.0, shift=1.0)
    state = engine.default_generator.get_state()
    following = engine.rand(3)
    engine.default_generator.set_state(state)
    (scaled.sum() + shifted.sum()).backward()
    assert calls == [2.0, 2.0]
    assert engine.equal(engine.rand(3), following)
    assert engine.allclose(x.grad, scaled.detach() + 1)


def test_several_in_a_row() -> None:
    x = engine.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(3):
        y = checkpoint(lambda t: t.sin(), y)
    y.backward()
    z = x.detach().requires_grad_()
    z.sin().sin().sin().backward()
    assert x.grad.item() == pytest.approx(z.grad.item())


def test_only_the_parameters_need_gradients() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    x = engine.randn(5, 4)
    grads = []
    runs = (
        model,
        lambda x: checkpoint(model, x, use_reentrant=False),
        lambda x: checkpoint_sequential(model, 2, x),
        lambda x: checkpoint_sequential(list(model), 3, x),
    )
    for run in runs:
        model.zero_grad()
        (run(x) ** 2).sum().backward()
        grads.append([parameter.grad.clone() for parameter in model.parameters()])
    for recomputed in grads[1:]:
        pairs = zip(grads[0], recomputed, strict=True)
        assert all(engine.allclose(plain, again) for plain, again in pairs)


def test_second_gradients_are_an_error() -> None:
    x = engine.ones(2, requires_grad=True)
    loss = checkpoint(lambda x: (x**3).sum(), x)
    with pytest.raises(NotImplementedError, match="second gradients are not there yet"):
        engine.autograd.grad(loss, x, create_graph=True)


@pytest.mark.parametrize(
    ("segments", "message"), [(0, "segments must be positive"), (2, "segments must be at most 1")]
)
def test_wrong_segments(segments: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checkpoint_sequential([abs], segments, engine.ones(1))
