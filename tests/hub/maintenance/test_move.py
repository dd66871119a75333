"""Moving a cache to another disk: complete, verified, and found under its old name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

import hub
from hub import file_lock
from hub.cli import main
from hub.errors import CacheError, IntegrityError
from hub.maintenance import move


@pytest.fixture
def filled(hf: Any, server: Any) -> str:
    hf.repo("org/name", {"config.json": b"{}", "a/w.bin": b"w" * 1000})
    hub.snapshot("hf:org/name")
    url = str(server.add("/w.bin", server.body(b"from the web")))
    hub.download(url)
    return url


def state(folder: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_move_repositories(filled: str, hf_cache: Path, tmp_path: Path) -> None:
    target = tmp_path / "disk" / "hf"
    before = {name: value for name, value in state(hf_cache).items() if ".locks" not in name}
    assert move.move(hf_cache, target) > 1000
    assert state(target) == before and hf_cache.is_symlink()
    folder = hub.snapshot("hf:org/name", offline=True)
    assert folder.is_relative_to(hf_cache) and folder.resolve().is_relative_to(target)
    assert huggingface_hub.snapshot_download("org/name", local_files_only=True)
    assert all(check.ok for check in hub.verify())
    assert sorted(path.name for path in hf_cache.parent.iterdir() if path != hf_cache) == []
    with pytest.raises(CacheError, match="is a link to"):
        move.move(hf_cache, tmp_path / "again")


def test_move_command(
    filled: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "disk" / "bestiary"
    assert main(["move", str(target), "--quiet"]) == 0
    assert f"{home} is a link to {target} now" in capsys.readouterr().out
    assert hub.download(filled, offline=True).read_bytes() == b"from the web"
    assert hub.rm(filled) == 12 and home.is_symlink()


def test_target_that_is_not_empty(filled: str, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "disk"
    target.mkdir()
    (target / "mine").write_text("mine")
    for refused in (target, target / "mine", home / "inside"):
        with pytest.raises(CacheError):
            move.move(home, refused)
    assert (target / "mine").read_text() == "mine" and not home.is_symlink()
    with pytest.raises(CacheError, match="no such cache"):
        move.move(tmp_path / "nothing", tmp_path / "other")


def test_cache_in_use(filled: str, home: Path, tmp_path: Path) -> None:
    path = home / "hub" / "locks" / "held"
    with (
        file_lock.lock(path, waiting_for="nobody"),
        pytest.raises(CacheError, match="fetching into"),
    ):
        move.move(home, tmp_path / "disk")
    assert not (tmp_path / "disk").exists()


def test_copy_that_differs(
    filled: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = move.shutil.copy2

    def flip(source: Path, target: Path, **options: Any) -> None:
        real(source, target, **options)
        if target.parent.name == "blobs":
            target.chmod(0o644)
            target.write_bytes(b"?")

    monkeypatch.setattr(move.shutil, "copy2", flip)
    before = state(home)
    with pytest.raises(IntegrityError, match="the copy differs"):
        move.move(home, tmp_path / "disk")
    assert state(home) == before and not (tmp_path / "disk").exists()


def test_change_meanwhile(
    filled: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = move._copy

    def copy(cache: Path, target: Path, progress: bool | None) -> int:
        moved = real(cache, target, progress)
        (cache / "new").write_text("new")
        return moved

    monkeypatch.setattr(move, "_copy", copy)
    (tmp_path / "disk").mkdir()
    with pytest.raises(CacheError, match="was changed while it was copied"):
        move.move(home, tmp_path / "disk")
    assert list((tmp_path / "disk").iterdir()) == [] and hub.path(filled).exists()


def test_killed_while_moving(filled: str, home: Path, tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from hub.maintenance import move\n"
        "move._switch = lambda *arguments: os._exit(9)\n"
        "move.move(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(home), str(tmp_path / "disk")]
    assert subprocess.run(command).returncode == 9
    assert hub.path(filled).read_bytes() == b"from the web"
