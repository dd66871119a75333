"""Writes tests/engine/data/training.safetensors: a small network trained by PyTorch, step by step.

    .venv-torch/bin/python scripts/reference_training.py

The file contains the initial weights, the data, and the loss of every step for each optimiser,
which tests/engine/test_training.py reproduces with the engine.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

STEPS = 60
OUTPUT = Path(__file__).parent.parent / "tests/engine/data/training.safetensors"
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.003, momentum=0.5),
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


def train(
    state: dict[str, torch.Tensor], optimizer: str, x: torch.Tensor, y: torch.Tensor
) -> torch.Tensor:
    model = network()
    model.load_state_dict(state)
    steps = OPTIMIZERS[optimizer](model.parameters())
    losses = []
    for _ in range(STEPS):
        steps.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        steps.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def main() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 1, 8, 8)
    y = (x[:, 0, :4].mean((1, 2)) > 0).long() + 2 * (x[:, 0, 4:].mean((1, 2)) > 0).long()
    state = {name: value.clone() for name, value in network().state_dict().items()}
    tensors = {"x": x, "y": y} | {f"state.{name}": value for name, value in state.items()}
    for name in OPTIMIZERS:
        tensors[f"loss.{name}"] = train(state, name, x, y)
        print(f"{name:8s} {tensors[f'loss.{name}'][0]:.4f} -> {tensors[f'loss.{name}'][-1]:.6f}")
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, OUTPUT)


if __name__ == "__main__":
    main()
