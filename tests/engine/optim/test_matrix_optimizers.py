"""Optimizers of matrices: Adafactor beside PyTorch 2.13, Muon beside NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn, optim


def test_adafactor() -> None:
    weight = nn.Parameter(engine.arange(6, dtype=engine.float64).reshape(2, 3) / 4 - 0.5)
    optimizer = optim.Adafactor([weight], lr=0.05, weight_decay=0.1)
    for t in range(4):
        weight.grad = (3 * weight.detach() + t).cos()
        optimizer.step()
    wanted = [
        [-0.5580985178747744, -0.2936931623751298, 0.005815769953098577],
        [0.270460703515108, 0.5426269101292286, 0.7716183387205786],
    ]
    np.testing.assert_allclose(weight.tolist(), wanted, rtol=1e-12)
    state = optimizer.state_dict()["state"][0]
    assert state["row_var"].shape == (2, 1) and state["col_var"].shape == (1, 3)


def test_adafactor_of_a_vector_has_no_factors() -> None:
    """Its first step moves each element by lr times the parameter's root mean square."""
    weight = nn.Parameter(engine.tensor([3.0, -4.0], dtype=engine.float64))
    optimizer = optim.Adafactor([weight], lr=0.01)
    weight.grad = engine.tensor([5.0, -0.1], dtype=engine.float64)
    optimizer.step()
    move = 0.01 * np.sqrt((9 + 16) / 2)
    np.testing.assert_allclose(weight.tolist(), [3 - move, -4 + move], rtol=1e-12)
    assert set(optimizer.state[weight]) == {"step", "variance"}


def orthogonalized(matrix: Any, steps: int) -> Any:
    """The result of Newton-Schulz steps, by applying the polynomial to the singular values."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    values = values / np.linalg.norm(values)
    for _ in range(steps):
        values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
    return (left * values) @ right


@pytest.mark.parametrize("options", [{}, {"nesterov": False, "ns_steps": 3, "momentum": 0.5}])
@pytest.mark.parametrize("adjust_lr_fn", [None, "original", "match_rms_adamw"])
@pytest.mark.parametrize("shape", [(3, 4), (4, 3)])
def test_muon(shape: tuple[int, int], adjust_lr_fn: str | None, options: dict[str, Any]) -> None:
    """Two steps beside their definition in float64."""
    source = np.random.default_rng(0)
    grads = [np.eye(*shape) + 0.2 * source.standard_normal(shape) for _ in range(2)]
    weight = nn.Parameter(engine.full(shape, 5.0))
    optimizer = optim.Muon([weight], lr=0.5, weight_decay=0.2, adjust_lr_fn=adjust_lr_fn, **options)
    wanted, average = np.full(shape, 5.0), np.zeros(shape)
    momentum = options.get("momentum", 0.95)
    ratio = 0.2 * 2 if adjust_lr_fn == "match_rms_adamw" else np.sqrt(max(1, shape[0] / shape[1]))
    for grad in grads:
        weight.grad = engine.from_numpy(grad).float()
        optimizer.step()
        average = momentum * average + (1 - momentum) * grad
        ahead = grad + momentum * (average - grad) if options.get("nesterov", True) else average
        update = orthogonalized(ahead, options.get("ns_steps", 5))
        wanted = (1 - 0.5 * 0.2) * wanted - 0.5 * ratio * update
    np.testing.assert_allclose(weight.detach().numpy(), wanted, rtol=1e-4)
    np.testing.assert_allclose(optimizer.state[weight]["momentum_buffer"], average, rtol=1e-5)
