from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import engine
import zoo

Script = Callable[[str], ModuleType]


def test_the_held_out_scans_are_not_trained_on(script: Script) -> None:
    training, held_out = script("train_digits").load_scans()
    assert (len(training.digits), len(held_out.digits)) == (1198, 599)
    seen = {image.tobytes() for image in training.images}
    assert not seen & {image.tobytes() for image in held_out.images}
    assert training.images.min() == 0 and training.images.max() == 1


def test_sampling_between_pixels(script: Script) -> None:
    train_digits = script("train_digits")
    image = np.arange(64, dtype=np.float32).reshape(1, 8, 8)
    rows, columns = np.array([[2.0, 2.5, 7.5, -3.0]]), np.array([[3.0, 3.5, 0.0, 0.0]])
    got = train_digits.sample(image, rows, columns)
    np.testing.assert_allclose(got, [[19.0, 23.5, 28.0, 0.0]])


def test_distortion_is_small_and_repeatable(script: Script) -> None:
    train_digits = script("train_digits")
    training, _ = train_digits.load_scans()
    first = train_digits.distort(training.images, np.random.default_rng(1))
    again = train_digits.distort(training.images, np.random.default_rng(1))
    np.testing.assert_array_equal(first, again)
    assert first.shape == training.images.shape and first.dtype == np.float32
    assert not np.array_equal(first, training.images)
    correlation = np.corrcoef(first.ravel(), training.images.ravel())[0, 1]
    assert correlation > 0.8


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_training_learns_saves_and_draws(
    script: Script, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_digits = script("train_digits")
    weights, curve = tmp_path / "weights.safetensors", tmp_path / "curve.png"
    train_digits.main(
        ["--model", model, "--epochs", "4", "--output", str(weights), "--plot", str(curve)]
    )
    out = capsys.readouterr().out
    stated = float(out.partition("held-out accuracy ")[2].partition("%")[0]) / 100
    assert stated > 0.8

    network = zoo.load(f"digits_{model}", pretrained=False)
    network.load_state_dict(engine.load(weights))
    _, held_out = train_digits.load_scans()
    assert train_digits.accuracy(network, held_out) == pytest.approx(stated, abs=1e-4)
    assert curve.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "expected 1 or more, got 0"),
        (["--output", "weights.npz"], "must end in .safetensors"),
        (["--output", "nowhere/x.safetensors"], "nowhere/x.safetensors: there is no such folder"),
        (["--plot", "nowhere/x.png"], "nowhere/x.png: there is no such folder"),
        (["--model", "rnn"], "invalid choice"),
    ],
)
def test_bad_arguments_fail_before_the_training(
    script: Script, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        script("train_digits").main(arguments)
    assert message in capsys.readouterr().err


def test_the_seed_decides(script: Script, tmp_path: Path) -> None:
    train_digits = script("train_digits")
    files = [tmp_path / f"{run}.safetensors" for run in ("first", "again", "other")]
    for path, seed in zip(files, ("1", "1", "2"), strict=True):
        train_digits.main(
            ["--model", "mlp", "--epochs", "1", "--seed", seed, "--output", str(path)]
        )
    first, again, other = (path.read_bytes() for path in files)
    assert first == again != other
