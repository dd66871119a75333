"""Mirrors: from one server to another, through the cache."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.errors import IntegrityError, NotFoundError, RefError
from hub.server import Server
from hub.server.mirroring import mirror
from tests.hub.fake_hub import point_to

from .conftest import CONFIG, WEIGHTS


@pytest.fixture
def upstream(
    serve: Callable[..., Server], models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Server:
    shutil.copytree(models / "org" / "tiny", models / "org" / "tiny@v1")
    (models / "org" / "tiny@v1" / "config.json").write_bytes(b'{"v": 1}')
    server = serve(models)
    point_to(server.url, tmp_path, monkeypatch)
    return server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


def count(server: Server, caplog: pytest.LogCaptureFixture) -> int:
    lines = [record.getMessage() for record in caplog.records]
    return sum(" GET /org/tiny/resolve/" in line for line in lines)


def test_a_mirror_serves_the_same(
    upstream: Server, target: Path, serve: Callable[..., Server], ask: Any
) -> None:
    done = mirror("hf:org/tiny", target)
    assert (done.repository, done.revision, done.changed) == ("org/tiny", "main", True)
    assert (done.files, done.size) == (4, len(WEIGHTS) + len(CONFIG) + 5)
    second = serve(target)
    answers = [
        ask(server, "/org/tiny/resolve/main/model.safetensors") for server in (upstream, second)
    ]
    assert answers[0].body == answers[1].body == WEIGHTS
    commits = {answer.headers["x-repo-commit"] for answer in answers}
    assert commits == {done.commit}


def test_again_and_changed(
    upstream: Server, target: Path, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = mirror("hf:org/tiny", target)
    with caplog.at_level("INFO", "hub.server"):
        again = mirror("hf:org/tiny", target)
    assert not again.changed and again.commit == first.commit
    assert count(upstream, caplog) == 0
    fresh = models / "fresh"
    fresh.write_bytes(b'{"new": 1}')
    fresh.rename(models / "org" / "tiny" / "config.json")
    upstream.store.forget(models / "org" / "tiny")  # instead of waiting a second
    third = mirror("hf:org/tiny", target)
    assert third.changed and third.commit != first.commit
    assert (target / "org" / "tiny" / "config.json").read_bytes() == b'{"new": 1}'
    assert (target / "org" / "tiny" / "model.safetensors").read_bytes() == WEIGHTS


def test_revisions(upstream: Server, target: Path) -> None:
    assert mirror("hf:org/tiny@v1", target).revision == "v1"
    assert (target / "org" / "tiny@v1" / "config.json").read_bytes() == b'{"v": 1}'
    commit = upstream.store.resolve("org/tiny", "main").commit
    assert mirror(f"hf:org/tiny@{commit}", target).revision == "main"
    assert (target / "org" / "tiny" / "config.json").read_bytes() == CONFIG
    assert mirror("hf:plain@main", target).repository == "plain"


def test_the_commit_is_the_one_that_was_mirrored(
    hf: Any, target: Path, serve: Callable[..., Server], ask: Any
) -> None:
    files = {"config.json": b"{}", ".gitattributes": b"*.bin filter=lfs", "a/b.txt": b"b"}
    commit = hf.repo("org/model").commit(files)
    assert mirror("hf:org/model", target).commit == commit
    server = serve(target, allow_push=True)
    for revision in ("main", commit):
        answer = ask(server, f"/org/model/resolve/{revision}/a/b.txt")
        assert (answer.body, answer.headers["x-repo-commit"]) == (b"b", commit)
    (target / "org" / "model" / "a" / "b.txt").write_bytes(b"changed")
    server.store.forget(target / "org" / "model")
    changed = ask(server, "/org/model/resolve/main/a/b.txt").headers["x-repo-commit"]
    assert changed != commit
    gone = ask(server, f"/org/model/resolve/{commit}/a/b.txt")
    assert gone.headers["x-error-code"] == "RevisionNotFound"
    assert mirror("hf:org/model", target, include=["*.json"]).commit != commit
    (target / ".hub" / "commits.json").write_text("damaged")
    assert mirror("hf:org/model", target).commit == commit


def test_patterns(upstream: Server, target: Path) -> None:
    assert mirror("hf:org/tiny", target, include=["*.json", "onnx/"]).files == 2
    found = sorted(path.name for path in (target / "org" / "tiny").rglob("*") if path.is_file())
    assert found == ["config.json", "notes.txt"]


def test_damage_in_the_cache_is_detected(
    upstream: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.repos.repository import Repository

    real = Repository.snapshot

    def damaged(self: Repository, *arguments: Any, **options: Any) -> Path:
        folder = real(self, *arguments, **options)
        blob = (folder / "config.json").resolve()
        blob.chmod(0o644)
        blob.write_bytes(b"X" * len(CONFIG))
        return folder

    monkeypatch.setattr(Repository, "snapshot", damaged)
    with pytest.raises(IntegrityError, match=r"org/tiny/config\.json"):
        mirror("hf:org/tiny", target)
    assert not (target / "org").exists()


@pytest.mark.parametrize(
    "ref", ["hf:org/tiny/config.json", "hf:datasets/org/tiny", "builtin:x", "file:/x"]
)
def test_refused_references(target: Path, ref: str) -> None:
    with pytest.raises(RefError, match="only models are mirrored"):
        mirror(ref, target)


def test_missing_repository(upstream: Server, target: Path) -> None:
    with pytest.raises(NotFoundError):
        mirror("hf:org/none", target)
    assert list(target.iterdir()) == []


def test_command(upstream: Server, target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mirror", "hf:org/tiny", "hf:plain@main", str(target), "--quiet"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2 and printed[0].endswith("4 files  hf:org/tiny  updated")
    assert main(["mirror", "hf:org/tiny", str(target), "--json"]) == 0
    assert '"changed": false' in capsys.readouterr().out
    assert main(["mirror", "file:/x", str(target)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
