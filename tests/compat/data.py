"""Small data sets in the formats of the programs, so that none of them downloads."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
from pathlib import Path

import numpy as np

_IMAGES = 1200  # of MNIST: 1000 to train on, 200 to test with


def lay_out(kind: str, folder: Path) -> None:
    """Writes the data for a program in ``folder``."""
    _LAYOUTS[kind](folder)


def _mnist(folder: Path) -> None:
    """MNIST's files: noise, unless BESTIARY_MNIST names a folder with the real ones."""
    given = os.environ.get("BESTIARY_MNIST")
    if given:
        images = _read(Path(given), "t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:_IMAGES]
        labels = _read(Path(given), "t10k-labels-idx1-ubyte.gz", 8)[:_IMAGES]
    else:
        random = np.random.default_rng(0)
        labels = random.integers(0, 10, _IMAGES).astype(np.uint8)
        patterns = random.integers(0, 256, (10, 28, 28))
        noise = random.integers(0, 76, (_IMAGES, 28, 28))
        images = (0.7 * patterns[labels] + noise).astype(np.uint8)
    for data in (folder / "data", folder.parent / "data"):  # programs differ
        raw = data / "MNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        for name, part in (("train", slice(1000)), ("t10k", slice(1000, None))):
            _write_idx(raw / f"{name}-images-idx3-ubyte", images[part])
            _write_idx(raw / f"{name}-labels-idx1-ubyte", labels[part])


def _read(folder: Path, name: str, header: int) -> np.ndarray:
    found = [p for p in (folder / f"mnist-{name}", folder / name) if p.is_file()]
    if not found:
        raise FileNotFoundError(f"BESTIARY_MNIST={folder}: there is no {name}")
    return np.frombuffer(gzip.decompress(found[0].read_bytes()), np.uint8, offset=header)


def _write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())


def _cifar(folder: Path) -> None:
    """CIFAR-10's batches, of noise."""
    batches = folder / "data" / "cifar-10-batches-py"
    batches.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        pixels = random.integers(0, 256, (64, 3072)).astype(np.uint8)
        labels = random.integers(0, 10, 64).tolist()
        (batches / name).write_bytes(pickle.dumps({"data": pixels, "labels": labels}))
    names = [str(i) for i in range(10)]
    (batches / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))


def _results(folder: Path) -> None:
    (folder / "results").mkdir(exist_ok=True)


def _text(length: int) -> str:
    """The text of the file BESTIARY_TEXT, or random words."""
    given = os.environ.get("BESTIARY_TEXT")
    if given:
        return Path(given).read_text()[:length]
    random = np.random.default_rng(0)
    words = ["".join(random.choice(["ta", "ri", "mo", "ne", "lu"], 2)) for _ in range(60)]
    lines = [" ".join(random.choice(words, 9)) + ".\n" for _ in range(length // 40 + 1)]
    return "O God, O God!\n" + "".join(lines)[:length]


def _words(folder: Path) -> None:
    (folder / "text").mkdir(exist_ok=True)
    for part, length in (("train", 40_000), ("valid", 8_000), ("test", 8_000)):
        (folder / "text" / f"{part}.txt").write_text(_text(length).lower())


def _shakespeare(folder: Path) -> None:
    (folder / "data" / "shakespeare_char" / "input.txt").write_text(_text(50_000))


def _input(folder: Path) -> None:
    (folder / "input.txt").write_text("O God, O God!\n" + _text(5_000))


def _photographs(folder: Path) -> None:
    from PIL import Image

    random = np.random.default_rng(0)
    for part in ("train", "test"):
        images = folder / "dataset" / "BSDS300" / "images" / part
        images.mkdir(parents=True, exist_ok=True)
        for i in range(4):
            small = Image.fromarray(random.integers(0, 256, (20, 30, 3)).astype(np.uint8))
            small.resize((330, 280), Image.Resampling.BICUBIC).save(images / f"{i}.jpg")


_LAYOUTS = {
    "mnist": _mnist,
    "cifar": _cifar,
    "results": _results,
    "words": _words,
    "shakespeare": _shakespeare,
    "input": _input,
    "photographs": _photographs,
}
