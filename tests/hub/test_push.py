"""Uploads to a served folder, and model cards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import yaml

from hub.cli import main
from hub.errors import FetchError, IntegrityError, NotFoundError
from hub.file_info import FileInfo
from hub.model_cards import Card, render
from hub.push import push
from hub.server import Server
from hub.server.publishing import Publisher


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "model"
    (root / "sub").mkdir(parents=True)
    (root / "weights.safetensors").write_bytes(b"w" * 100_000)
    (root / "sub" / "config.json").write_bytes(b"{}")
    (root / ".secret").write_bytes(b"s")
    return root


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "served"
    path.mkdir()
    return path


@pytest.fixture
def server(target: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", "/nonexistent")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with Server(target, allow_push=True) as running:
        yield running


def test_push(folder: Path, server: Server, target: Path) -> None:
    done = push(folder, "org/model", card=Card("model", license="mit"), endpoint=server.url)
    assert done.commit == server.store.resolve("org/model", "main").commit
    assert list(done.files) == ["sub/config.json", "weights.safetensors"]
    served = target / "org" / "model"
    names = sorted(path.name for path in served.rglob("*") if path.is_file())
    assert names == ["README.md", "config.json", "weights.safetensors"]
    assert (served / "README.md").read_text() == done.card
    again = push(folder, "org/model", card=Card("model", license="mit"), endpoint=server.url)
    assert again.commit == done.commit


def test_a_card_that_is_there_stays(folder: Path, server: Server, target: Path) -> None:
    (folder / "README.md").write_text("mine")
    assert push(folder, "org/model", card=Card("model"), endpoint=server.url).card is None
    assert (target / "org" / "model" / "README.md").read_text() == "mine"


def test_dry_run(folder: Path, server: Server, target: Path) -> None:
    done = push(folder, "org/model", endpoint=server.url, dry_run=True)
    assert done.commit is None and len(done.files) == 2
    assert not (target / "org").exists()


def test_refused_uploads(folder: Path, server: Server, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such folder"):
        push(tmp_path / "none", "org/model", endpoint=server.url)
    with pytest.raises(NotFoundError, match="no file to upload"):
        push(folder, "org/model", endpoint=server.url, include=["*.onnx"])
    with pytest.raises(FetchError, match="did not take it"):
        push(folder, "no-organisation", endpoint=server.url)


def test_a_server_that_is_read_only(folder: Path, target: Path) -> None:
    with Server(target) as server, pytest.raises(FetchError, match="read-only"):
        push(folder, "org/model", endpoint=server.url)


def test_a_server_that_keeps_other_bytes(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Publisher.publish

    def other(self: Publisher, *arguments: Any, **options: Any) -> object:
        files, scratch = arguments[3:]
        (scratch / "other").write_bytes(b"w" * 99_999 + b"X")
        changed = {**files, "weights.safetensors": scratch / "other"}
        return real(self, *arguments[:3], changed, scratch)

    monkeypatch.setattr(Publisher, "publish", other)
    with pytest.raises(IntegrityError, match=r"org/model/weights\.safetensors"):
        push(folder, "org/model", endpoint=server.url)


def test_a_card_is_yaml_and_text() -> None:
    digest = hashlib.sha256(b"").hexdigest()
    card = Card("a | b", "apache-2.0", "engine", ("a: b", "yes", "- c"), {"top-1": 0.75, "x|y": 3})
    text = render(card, {"weights: v1.pth": FileInfo(12345, digest)})
    _, front, body = text.split("---\n", 2)
    assert yaml.safe_load(front) == {
        "license": "apache-2.0",
        "library_name": "engine",
        "tags": ["a: b", "yes", "- c"],
        "metrics": ["top-1", "x|y"],
        "files": [{"path": "weights: v1.pth", "size": 12345, "sha256": digest}],
    }
    assert "| top-1 | 0.75 |\n| x\\|y | 3 |" in body
    assert f"| `weights: v1.pth` | 12,345 | `{digest}` |" in body
    loaded = huggingface_hub.ModelCard(text)
    assert loaded.data.license == "apache-2.0" and loaded.data.library_name == "engine"


def test_command(
    folder: Path, server: Server, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["push", str(folder), "org/model", "--endpoint", server.url]
    assert main([*command, "--license", "mit", "--metric", "top-1=0.5", "--dry-run"]) == 0
    assert f"2 files would be uploaded to {server.url}/org/model\n" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    assert '"commit": "' in capsys.readouterr().out
    for wrong in ([*command, "--metric", "x"], ["push", str(folder / "none"), "org/model"]):
        assert main(wrong) == 1
        assert capsys.readouterr().err.count("\n") == 1


def test_a_token(
    folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(target, allow_push=True, tokens=["a-good-token"]) as server:
        command = ["push", str(folder), "org/model", "--endpoint", server.url]
        assert main(command) == 1
        assert "401" in capsys.readouterr().err
        monkeypatch.setenv("HF_TOKEN", "a-good-token")
        assert main(command) == 0
        assert push(folder, "org/model", endpoint=server.url, token="a-good-token").commit
