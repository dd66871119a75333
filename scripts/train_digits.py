"""Train one of the small digit networks on scikit-learn's digits.

    python scripts/train_digits.py --model cnn
    python scripts/train_digits.py --model mlp --epochs 200 --plot digits_mlp.png

A third of the scans is held out first; the others are augmented in each epoch by small rotations,
scalings and translations. The accuracy on the held-out third is printed, and the weights are
written as a safetensors file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from tqdm import tqdm

import engine
import zoo
from engine import nn, optim
from engine.nn import functional as F
from zoo.vision.digits import HELD_OUT

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


class Scans(NamedTuple):
    """Images (n, 1, 8, 8) from 0 to 1 and the digits they show."""

    images: Floats
    digits: Ints


class Epoch(NamedTuple):
    """Results of an epoch."""

    loss: float
    held_out_accuracy: float


def load_scans() -> tuple[Scans, Scans]:
    """The scans to train on and those held out."""
    data = load_digits()
    images = (data.images / 16).astype(np.float32)[:, None]
    digits = data.target.astype(np.int64)
    held_out = np.zeros(len(digits), bool)
    held_out[HELD_OUT] = True
    return Scans(images[~held_out], digits[~held_out]), Scans(images[held_out], digits[held_out])


def distort(images: Floats, rng: np.random.Generator) -> Floats:
    """Each image rotated by up to 10°, scaled by up to 10 % and shifted by up to half a pixel."""
    n, side = len(images), images.shape[-1]
    angle = np.radians(rng.uniform(-10, 10, n))
    scale = np.exp(rng.uniform(-0.1, 0.1, n))
    offset = rng.uniform(-0.5, 0.5, (n, 2, 1))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.stack([cos, -sin, sin, cos], axis=1).reshape(n, 2, 2)
    centre = (side - 1) / 2
    grid = np.mgrid[:side, :side].reshape(2, -1) - centre
    rows, columns = (turn @ grid + offset + centre).transpose(1, 0, 2)
    return sample(images[:, 0], rows, columns).reshape(images.shape)


def sample(images: Floats, rows: Array, columns: Array) -> Floats:
    """Values (n, points) of images (n, side, side) between the pixels, bilinear; blank outside."""
    side = images.shape[-1]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    rows, columns = np.clip(rows, -1, side) + 1, np.clip(columns, -1, side) + 1
    top, left = np.minimum(rows, side).astype(int), np.minimum(columns, side).astype(int)
    down, right = rows - top, columns - left
    which = np.arange(len(images))[:, None]
    upper = padded[which, top, left] * (1 - right) + padded[which, top, left + 1] * right
    lower = padded[which, top + 1, left] * (1 - right) + padded[which, top + 1, left + 1] * right
    return (upper * (1 - down) + lower * down).astype(np.float32)


def batches(scans: Scans, size: int, rng: np.random.Generator) -> Iterator[Scans]:
    """The scans in random order, each distorted at random."""
    order = rng.permutation(len(scans.digits))
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        yield Scans(distort(scans.images[chosen], rng), scans.digits[chosen])


def accuracy(model: nn.Module, scans: Scans) -> float:
    """The share of scans classified correctly."""
    model.eval()
    with engine.inference_mode():
        logits = model(engine.from_numpy(scans.images)).numpy()
    return float((logits.argmax(axis=1) == scans.digits).mean())


def train(model: nn.Module, training: Scans, held_out: Scans, args: Any) -> list[Epoch]:
    """Train in place with AdamW on a cosine schedule; the last epoch's weights are the result."""
    rng = np.random.default_rng(args.seed)
    optimizer = optim.AdamW(
        model.parameters(), lr=args.learning_rate, weight_decay=args.weight_decay
    )
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
    history = []
    progress = tqdm(range(args.epochs), desc=f"digits_{args.model}", unit="epoch")
    for _ in progress:
        model.train()
        losses = []
        for images, digits in batches(training, args.batch_size, rng):
            optimizer.zero_grad()
            logits = model(engine.from_numpy(images))
            loss = F.cross_entropy(
                logits, engine.from_numpy(digits), label_smoothing=args.label_smoothing
            )
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
        history.append(Epoch(float(np.mean(losses)), accuracy(model, held_out)))
        progress.set_postfix(
            loss=f"{history[-1].loss:.4f}", held_out=f"{history[-1].held_out_accuracy:.2%}"
        )
    return history


def plot(history: list[Epoch], path: Path, title: str) -> None:
    """Plot loss and held-out accuracy over the epochs as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    epochs = range(1, len(history) + 1)
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True, figsize=(7, 6), layout="constrained")
    upper.plot(epochs, [epoch.loss for epoch in history])
    upper.set(yscale="log", ylabel="training loss", title=title)
    lower.plot(epochs, [100 * epoch.held_out_accuracy for epoch in history], color="tab:green")
    lower.axhline(98.5, color="grey", linestyle=":")
    lower.set(ylim=(90, 100), xlabel="epoch", ylabel="held-out accuracy, %")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", choices=("cnn", "mlp"), default="cnn")
    add("--epochs", type=positive, default=200)
    add("--batch-size", type=positive, default=64)
    add("--learning-rate", type=float, default=3e-3)
    add("--weight-decay", type=float, default=1e-2)
    add("--label-smoothing", type=float, default=0.05)
    add("--seed", type=int, default=0)
    add("--output", type=Path, help="weights to write (default: digits_MODEL.safetensors)")
    add("--plot", type=Path, metavar="PNG", help="draw the curve of the training")
    args = parser.parse_args(argv)
    args.output = args.output or Path(f"digits_{args.model}.safetensors")
    # Fails before the training rather than after it.
    if args.output.suffix != ".safetensors":
        parser.error(f"--output {args.output}: the name must end in .safetensors")
    for path in filter(None, (args.output, args.plot)):
        if not path.absolute().parent.is_dir():
            parser.error(f"{path}: there is no such folder")
    if args.plot and importlib.util.find_spec("matplotlib") is None:
        parser.error("--plot needs matplotlib: pip install 'bestiary[plot]'")
    return args


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    engine.manual_seed(args.seed)
    model = zoo.load(f"digits_{args.model}", pretrained=False)
    training, held_out = load_scans()
    history = train(model, training, held_out, args)

    wrong = round((1 - history[-1].held_out_accuracy) * len(held_out.digits))
    print(
        f"held-out accuracy {history[-1].held_out_accuracy:.2%} "
        f"({wrong} of {len(held_out.digits)} scans wrong)"
    )
    engine.save(model.state_dict(), args.output)
    content = args.output.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    print(f"{args.output}: {len(content):,} bytes, sha256 {digest}")
    if args.plot:
        plot(history, args.plot, f"digits_{args.model}, seed {args.seed}")
        print(f"{args.plot}: curve")


if __name__ == "__main__":
    main()
