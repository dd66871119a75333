"""Lock files: written for every kind of source, and enforced."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hub
from hub.cli import main
from hub.errors import IntegrityError, LockError, NotFoundError, OfflineError, RefError
from hub.file_info import FileInfo
from hub.lockfile import format as lock_format

Capture = pytest.CaptureFixture[str]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def repo(hf: Any, weights: bytes) -> Any:
    return hf.repo("org/name", {"config.json": b"{}", "model.safetensors": weights, "x.bin": b"x"})


@pytest.fixture
def lockfile(tmp_path: Path) -> Path:
    return tmp_path / "app.lock"


@pytest.fixture
def fresh_machine(
    tmp_path: Path, hf_cache: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Removes all fetched files."""

    def clear() -> None:
        for number, folder in enumerate((hf_cache, home)):
            if folder.exists():
                folder.rename(tmp_path / f"old-{number}-{os.urandom(4).hex()}")

    return clear


def test_text(repo: Any, lockfile: Path, weights: bytes) -> None:
    hub.lock(lockfile, ["hf:org/name"], exclude=["*.bin"])
    assert (
        lockfile.read_text()
        == f"""\
# Files of a program and their hashes: written by `hub lock`, fetched by `hub sync`.
version = 1

[[load]]
ref = "hf:org/name"
commit = "{repo.refs["main"]}"
exclude = ["*.bin"]
files = [
  {{ path = "config.json", size = 2, sha256 = "{digest(b"{}")}" }},
  {{ path = "model.safetensors", size = {len(weights)}, sha256 = "{digest(weights)}" }},
]
"""
    )
    first = lockfile.read_bytes()
    hub.lock(lockfile)
    assert lockfile.read_bytes() == first
    assert lock_format.to_toml(lock_format.read(lockfile).entries).encode() == first


def test_every_kind_of_source(
    repo: Any,
    server: Any,
    tmp_path: Path,
    make_wheel: Callable[..., Path],
    lockfile: Path,
    fresh_machine: Callable[[], None],
    hf: Any,
) -> None:
    own = tmp_path / "own.bin"
    own.write_bytes(b"own")
    wheel = make_wheel({"tiny_weights/w.bin": b"wheel"})
    refs = [
        "pypi:tiny-weights==1.0/tiny_weights/w.bin",
        server.add("/w.bin", server.body(b"web")),
        f"file:{own}",
        "hf:org/name/config.json",
        "hf:org/name@main",
    ]
    written = hub.lock(lockfile, refs)
    assert [entry.ref for entry in written.entries] == sorted(
        ["hf:org/name", *(ref for ref in refs if ref != "hf:org/name@main")]
    )
    (locked,) = [entry for entry in written.entries if entry.ref.startswith("pypi:")]
    assert locked.archive_sha256 == digest(wheel.read_bytes())
    fresh_machine()
    fetched = {synced.ref: synced.fetched for synced in hub.sync(lockfile)}
    assert fetched.pop(f"file:{own}") == 0
    assert fetched.pop("hf:org/name/config.json") == 0  # fetched with the repository
    assert all(fetched.values())
    assert all(synced.fetched == 0 for synced in hub.sync(lockfile, offline=True))
    wheel.unlink()
    server.answers.clear()
    hf.is_down = True
    with hub.locked(lockfile):
        for ref in refs[:-1]:
            assert hub.download(ref) == hub.path(ref)
        assert sorted(path.name for path in hub.snapshot("hf:org/name").iterdir()) == [
            "config.json",
            "model.safetensors",
            "x.bin",
        ]
        own.write_bytes(b"changed")
        with pytest.raises(IntegrityError):
            hub.download(f"file:{own}")


def test_branch_stays_where_it_was_locked(repo: Any, hf: Any, lockfile: Path) -> None:
    commit = repo.refs["main"]
    hub.lock(lockfile, ["hf:org/name"])
    repo.commit({"config.json": b"new"})
    assert hub.download("hf:org/name/config.json").read_bytes() == b"new"
    hf.requests.clear()
    with hub.locked(lockfile):
        assert hub.download("hf:org/name/config.json").read_bytes() == b"{}"
        assert hub.download(f"hf:org/name@{commit}/config.json").read_bytes() == b"{}"
        assert hub.snapshot("hf:org/name").name == commit
        assert hf.requests == []
        for other in (f"@{repo.refs['main']}", "@v2"):
            with pytest.raises(LockError, match="does not list it"):
                hub.download(f"hf:org/name{other}/config.json")
    hub.lock(lockfile)
    with hub.locked(lockfile):
        assert hub.snapshot("hf:org/name").name == repo.refs["main"]


def test_unlisted_references(repo: Any, server: Any, lockfile: Path) -> None:
    hub.lock(lockfile, ["hf:org/name"], include=["*.json"])
    url = server.add("/w.bin", server.body(b"web"))
    hub.download(url)
    with hub.locked(lockfile):
        for ref in (url, "hf:org/name/x.bin", "hf:org/other/config.json", "hf:datasets/org/name/a"):
            for load in (hub.download, hub.path):
                with pytest.raises(LockError, match=f"{lockfile} does not list it"):
                    load(ref)
        with pytest.raises(LockError):
            hub.snapshot("hf:org/other")
        assert [path.name for path in hub.snapshot("hf:org/name").iterdir()] == ["config.json"]
        with pytest.raises(NotFoundError, match="it has 1 file, like"):
            hub.snapshot("hf:org/name", include="*.bin")
    assert hub.download(url)


def test_file_beside_the_locked_ones(repo: Any, lockfile: Path, tmp_path: Path) -> None:
    hub.lock(lockfile, ["hf:org/name"], include=["*.json"])
    hub.download("hf:org/name/x.bin")
    with hub.locked(lockfile):
        with pytest.raises(LockError, match=r"also has x\.bin"):
            hub.snapshot("hf:org/name")
        assert hub.snapshot("hf:org/name", include="*.json")
        hub.snapshot("hf:org/name", local_dir=tmp_path / "local")
    assert sorted(p.name for p in (tmp_path / "local").iterdir() if p.is_file()) == ["config.json"]


def test_other_bytes(
    repo: Any, lockfile: Path, weights: bytes, fresh_machine: Callable[[], None], tmp_path: Path
) -> None:
    hub.lock(lockfile, ["hf:org/name"])
    text = lockfile.read_text()
    for content in (weights, b"{}"):
        fresh_machine()
        lockfile.write_text(text.replace(digest(content), "0" * 64))
        with pytest.raises(IntegrityError, match="0" * 64):
            hub.sync(lockfile)
        with hub.locked(lockfile), pytest.raises(IntegrityError):
            hub.snapshot("hf:org/name")
    hub.snapshot("hf:org/name")
    hub.snapshot("hf:org/name", local_dir=tmp_path / "local")
    with hub.locked(lockfile):
        with pytest.raises(IntegrityError):
            hub.download("hf:org/name/config.json", offline=True)
        with pytest.raises(IntegrityError):
            hub.snapshot("hf:org/name", local_dir=tmp_path / "local")


def test_sync_offline(repo: Any, lockfile: Path, fresh_machine: Callable[[], None]) -> None:
    hub.lock(lockfile, ["hf:org/name"])
    fresh_machine()
    with pytest.raises(OfflineError):
        hub.sync(lockfile, offline=True)
    hub.sync(lockfile)
    hub.sync(lockfile, offline=True)
    assert hub.snapshot("hf:org/name", offline=True).name == repo.refs["main"]


def test_environment(repo: Any, lockfile: Path, tmp_path: Path) -> None:
    hub.lock(lockfile, ["hf:org/name"], include=["*.json"])
    script = "import hub, sys; print(hub.download(sys.argv[1]).read_text())"
    environment = {**os.environ, "BESTIARY_LOCK": str(lockfile)}
    done = [
        subprocess.run(
            [sys.executable, "-c", script, ref], env=environment, capture_output=True, text=True
        )
        for ref in ("hf:org/name/config.json", "hf:org/name/x.bin")
    ]
    assert done[0].stdout == "{}\n"
    assert done[1].returncode == 1 and "hub.errors.LockError" in done[1].stderr


def test_inner_lock_file_counts(repo: Any, lockfile: Path, tmp_path: Path) -> None:
    hub.lock(lockfile, ["hf:org/name"])
    inner = tmp_path / "inner.lock"
    hub.lock(inner, ["hf:org/name/config.json"])
    with hub.locked(lockfile):
        with hub.locked(inner), pytest.raises(LockError):
            hub.download("hf:org/name/x.bin")
        hub.download("hf:org/name/x.bin")


def test_failure_leaves_the_lock_file(repo: Any, lockfile: Path) -> None:
    hub.lock(lockfile, ["hf:org/name"])
    before = lockfile.read_bytes()
    with pytest.raises(NotFoundError):
        hub.lock(lockfile, ["hf:org/other"])
    assert lockfile.read_bytes() == before


def test_empty_repository(hf: Any, lockfile: Path) -> None:
    hf.repo("org/empty", {})
    with pytest.raises(RefError, match="no files to lock"):
        hub.lock(lockfile, ["hf:org/empty"])


_FILE = f'{{ path = "a", size = 1, sha256 = "{"0" * 64}" }}'
_LEAVING = _FILE.replace('"a"', '"../a"')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        "version = 2",
        "version = 1\nload = 3",
        "version = 1\n[[load]]",
        'version = 1\n[[load]]\nref = "hf:org/name"',
        'version = 1\n[[load]]\nref = "nonsense"\nsize = 1\nsha256 = "0"',
        f'version = 1\n[[load]]\nref = "hf:org/name"\nfiles = [{_FILE}, {_FILE}]',
        f'version = 1\n[[load]]\nref = "hf:org/name"\ncommit = "main"\nfiles = [{_FILE}]',
        f'version = 1\n[[load]]\nref = "hf:org/name@main"\nfiles = [{_FILE}]',
        f'version = 1\n[[load]]\nref = "hf:o/n"\nfiles = [{_LEAVING}]',
        f'version = 1\n[[load]]\nref = "hf:o/n"\nfiles = [{_FILE.replace("= 1", "= -1")}]',
        f'version = 1\n[[load]]\nref = "hf:o/n"\nfiles = [{_FILE.replace("0" * 64, "0" * 63)}]',
        f'version = 1\n[[load]]\nref = "hf:o/n"\ninclude = [1]\nfiles = [{_FILE}]',
    ],
)
def test_malformed(lockfile: Path, text: str) -> None:
    lockfile.write_text(text)
    with pytest.raises(LockError, match=str(lockfile)) as error:
        hub.sync(lockfile)
    assert "\n" not in str(error.value)


def test_unusual_names(lockfile: Path) -> None:
    entry = lock_format.Entry(
        'file:/a "b"\\c\x7fä',
        file=FileInfo(1, "0" * 64),
    )
    repo = lock_format.Entry(
        "hf:org/name",
        files={'ä "q"': FileInfo(1, "0" * 64)},
        include=('*"\\',),
    )
    lock_format.LockFile(lockfile, (repo,)).write()
    assert lock_format.read(lockfile).entries == (repo,)
    assert "\x7f" not in lock_format.to_toml([entry])


def test_commands(repo: Any, lockfile: Path, capsys: Capture, weights: bytes) -> None:
    assert main(["lock", str(lockfile), "hf:org/name", "--include", "*.json", "--quiet"]) == 0
    assert f"{lockfile}: 1 reference, 2 B" in capsys.readouterr().out
    assert main(["sync", str(lockfile), "--quiet"]) == 0
    assert "2 B verified, of which 0 B fetched" in capsys.readouterr().out
    assert main(["sync", str(lockfile), "--json"]) == 0
    (printed,) = json.loads(capsys.readouterr().out)
    assert printed == {"ref": "hf:org/name", "files": 1, "size": 2, "fetched": 0}
    assert main(["sync", f"{lockfile}.no"]) == 1
    assert "there is no such lock file" in capsys.readouterr().err
