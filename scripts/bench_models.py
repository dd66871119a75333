"""Benchmarks whole models beside PyTorch: training steps, inference, loading of weights.

The models are defined once, for any module with PyTorch's interface.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _bench import CHANNELS_LAST, CONTIGUOUS, Case, main

LAYOUTS = (CONTIGUOUS, CHANNELS_LAST)
CHECKPOINT_DIRECTORY = "BESTIARY_BENCH_DIRECTORY"
LOAD_SECONDS = 0.05


def mlp(torch: Any) -> Any:
    """A perceptron of 784-512-512-10, as for handwritten digits."""
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )


def cnn(torch: Any) -> Any:
    """The convolutional network for MNIST of PyTorch's tutorial: 1.2 million parameters."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def transformer(torch: Any) -> Any:
    nn = torch.nn
    layer = nn.TransformerEncoderLayer(256, 4, 1024, dropout=0.0, batch_first=True)
    return nn.Sequential(layer, nn.Linear(256, 256))


# kernel, stride, expansion, channels, repeats: table 1 of "EfficientNet" (Tan and Le, 2019). The
# Lite variant has it too, with ReLU6, a stem and head of fixed size and no squeeze-and-excitation.
LITE0_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def efficientnet_lite0(torch: Any) -> Any:
    nn = torch.nn

    def convolution(
        into: int, out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> list[Any]:
        conv = nn.Conv2d(into, out, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [conv, nn.BatchNorm2d(out)]

    class Residual(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, body: Any) -> None:
            super().__init__()
            self.body = body

        def forward(self, x: Any) -> Any:
            return x + self.body(x)

    def block(into: int, out: int, kernel: int, stride: int, expansion: int) -> Any:
        inner = into * expansion
        expand = [*convolution(into, inner, 1), nn.ReLU6()] if expansion > 1 else []
        depthwise = [*convolution(inner, inner, kernel, stride, groups=inner), nn.ReLU6()]
        body = nn.Sequential(*expand, *depthwise, *convolution(inner, out, 1))
        return Residual(body) if stride == 1 and into == out else body

    layers = [*convolution(3, 32, 3, 2), nn.ReLU6()]
    channels = 32
    for kernel, stride, expansion, out, repeats in LITE0_STAGES:
        for i in range(repeats):
            layers.append(block(channels, out, kernel, stride if i == 0 else 1, expansion))
            channels = out
    head = [*convolution(channels, 1280, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, *head, nn.Linear(1280, 1000))


def in_layout(torch: Any, value: Any, layout: str) -> Any:
    if layout == CHANNELS_LAST:
        return value.to(memory_format=torch.channels_last)
    return value


def training(
    name: str,
    build: Callable[[Any], Any],
    shape: tuple[int, ...],
    optimizer: str,
    target: float | None = None,
    *,
    layouts: tuple[str, ...] = (CONTIGUOUS,),
    busy: bool = False,
) -> Case:
    """One step on a batch of 64: forward, cross entropy, backward, optimizer."""

    def setup(torch: Any, layout: str) -> dict[str, Any]:
        torch.manual_seed(0)
        model = in_layout(torch, build(torch), layout)
        inputs = torch.randn(64, *shape)
        inputs = in_layout(torch, inputs, layout)
        labels = torch.randint(0, 10, (64,))
        update = getattr(torch.optim, optimizer)(model.parameters(), lr=1e-3)

        def step() -> None:
            update.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), labels).backward()
            update.step()

        return {"step": step}

    full_name = f"{name}, batch 64, {optimizer} step"
    return Case(full_name, "step()", setup, target, layouts=layouts, busy=busy)


def transformer_training() -> Case:
    def setup(torch: Any, layout: str) -> dict[str, Any]:
        torch.manual_seed(0)
        model = transformer(torch)
        inputs = torch.randn(8, 128, 256)
        update = torch.optim.AdamW(model.parameters(), lr=1e-3)

        def step() -> None:
            update.zero_grad()
            (model(inputs) - inputs).square().mean().backward()
            update.step()

        return {"step": step}

    return Case("encoder layer 8x128x256, AdamW step", "step()", setup)


def inference(batch: int) -> Case:
    def setup(torch: Any, layout: str) -> dict[str, Any]:
        model = in_layout(torch, efficientnet_lite0(torch).eval(), layout)
        images = in_layout(torch, torch.randn(batch, 3, 224, 224), layout)

        def run() -> None:
            with torch.inference_mode():
                model(images)

        return {"run": run}

    return Case(f"EfficientNet-Lite0, batch {batch}", "run()", setup, layouts=LAYOUTS)


# A file of 525 MB, of the size and shapes of a small language model.

EMBEDDING = (54_200, 768)
LAYERS = 19


def checkpoint() -> Path:
    """The file, written at the first request."""
    import numpy
    from safetensors.numpy import save_file

    path = Path(os.environ[CHECKPOINT_DIRECTORY]) / "checkpoint.safetensors"
    if not path.exists():
        shapes = {"embedding": EMBEDDING}
        for i in range(LAYERS):
            shapes |= {f"{i}.up": (3072, 768), f"{i}.down": (768, 3072)}
        random = numpy.random.default_rng(0).standard_normal
        tensors = {
            name: random(shape, numpy.float32) / numpy.float32(shape[1] ** 0.5)
            for name, shape in shapes.items()
        }
        save_file(tensors, path)
    return path


def loader(torch: Any) -> Callable[[Path], dict[str, Any]]:
    if torch.__name__ == "torch":
        from safetensors.torch import load_file

        return load_file
    return torch.load  # type: ignore[no-any-return]


def load_and_run() -> Case:
    def setup(torch: Any, layout: str) -> dict[str, Any]:
        path = checkpoint()
        load = loader(torch)
        tokens = torch.tensor([[1, 2, 3, 4]])
        linear = torch.nn.functional.linear

        def run() -> None:
            with torch.inference_mode():
                weights = load(path)
                x = torch.nn.functional.embedding(tokens, weights["embedding"])
                for i in range(LAYERS):
                    hidden = torch.relu(linear(x, weights[f"{i}.up"]))
                    x = x + linear(hidden, weights[f"{i}.down"])
                x.sum().item()

        return {"run": run}

    return Case("525 MB safetensors to first output", "run()", setup, seconds_target=LOAD_SECONDS)


CASES = [
    training("MLP 784-512-512-10", mlp, (784,), "SGD", 0.6, busy=True),
    training("MLP 784-512-512-10", mlp, (784,), "Adam"),
    training("CNN for MNIST", cnn, (1, 28, 28), "SGD", layouts=LAYOUTS, busy=True),
    training("CNN for MNIST", cnn, (1, 28, 28), "Adam", layouts=LAYOUTS),
    transformer_training(),
    inference(1),
    inference(8),
    load_and_run(),
]

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.environ.setdefault(CHECKPOINT_DIRECTORY, directory)
        main(__doc__, CASES)
