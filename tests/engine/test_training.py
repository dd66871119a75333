"""Training of a small network: PyTorch's loss at every step from the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn, optim

REFERENCE = Path(__file__).parent / "data" / "training.safetensors"  # scripts/reference_training.py
OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.003, momentum=0.5),
}


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 32),
        nn.LayerNorm(32),
        nn.GELU(),
        nn.Linear(32, 4),
    )


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return engine.load(REFERENCE)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_loss_falls_as_in_pytorch(name: str, reference: dict[str, Any]) -> None:
    model = network()
    state = {k.removeprefix("state."): v for k, v in reference.items() if k.startswith("state.")}
    model.load_state_dict(state)
    steps = OPTIMIZERS[name](model.parameters())
    losses = []
    for _ in reference[f"loss.{name}"]:
        steps.zero_grad()
        loss = nn.functional.cross_entropy(model(reference["x"]), reference["y"])
        loss.backward()
        steps.step()
        losses.append(loss.item())
    wanted = reference[f"loss.{name}"].numpy()
    assert wanted[-1] < 0.1 * wanted[0]
    # Rounding differs and training amplifies it, most where the loss is nearly zero.
    np.testing.assert_allclose(losses[:10], wanted[:10], rtol=1e-4)
    np.testing.assert_allclose(losses, wanted, rtol=0.02, atol=2e-4)
