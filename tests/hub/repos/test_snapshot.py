"""Snapshots of repositories: patterns, one commit, offline, and the library's view of the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

import hub
from hub.disk import ignores_case
from hub.errors import (
    AccessError,
    CacheError,
    FetchError,
    FormatError,
    HubError,
    IntegrityError,
    NotFoundError,
    OfflineError,
    RefError,
)
from hub.repos.layout import RepoFolder

Entries = list[dict[str, Any]]


@pytest.fixture
def files(weights: bytes) -> dict[str, bytes]:
    found = {f"layers/{number}.bin": bytes([number]) * 1000 for number in range(12)}
    return found | {"config.json": b"{}", "model.safetensors": weights, "a#b.txt": b"odd"}


@pytest.fixture
def repo(hf: Any, files: dict[str, bytes]) -> Any:
    return hf.repo("org/name", files)


def contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_everything(repo: Any, hf: Any, hf_cache: Path, files: dict[str, bytes]) -> None:
    folder = hub.snapshot("hf:org/name")
    assert folder == hf_cache / "models--org--name" / "snapshots" / repo.refs["main"]
    assert contents(folder) == files
    assert hf.fetched() == sorted(path.replace("#", "%23") for path in files)
    hf.requests.clear()
    assert hub.snapshot("hf:org/name") == folder
    assert [path for _, path, _ in hf.requests] == ["/api/models/org/name/revision/main"]
    left = [path.name for path in hf_cache.rglob("*") if path.suffix in (".tmp", ".incomplete")]
    assert left == []


def test_the_library_reads_snapshots_of_the_hub(
    repo: Any, hf: Any, hf_cache: Path, files: dict[str, bytes]
) -> None:
    folder = hub.snapshot("hf:org/name")
    hf.requests.clear()
    assert Path(huggingface_hub.snapshot_download("org/name")) == folder
    assert Path(huggingface_hub.snapshot_download("org/name", local_files_only=True)) == folder
    assert hf.fetched() == []
    listed = huggingface_hub.HfApi().verify_repo_checksums("org/name")
    assert listed.checked_count == len(files) and not listed.mismatches
    assert not listed.missing_paths and not listed.extra_paths
    found = huggingface_hub.scan_cache_dir(hf_cache)
    (cached,) = found.repos
    assert (found.warnings, cached.repo_id, cached.nb_files) == ([], "org/name", len(files))
    assert {ref for revision in cached.revisions for ref in revision.refs} == {"main"}


def test_the_hub_reads_snapshots_of_the_library(
    repo: Any, hf: Any, files: dict[str, bytes]
) -> None:
    theirs = Path(huggingface_hub.snapshot_download("org/name"))
    hf.requests.clear()
    assert hub.snapshot("hf:org/name", offline=True) == hub.snapshot("hf:org/name") == theirs
    assert hf.fetched() == []


def test_the_command_hf_reads_snapshots_of_the_hub(repo: Any, files: dict[str, bytes]) -> None:
    hub.snapshot("hf:org/name")

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "huggingface_hub.cli.hf", "cache", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "org/name" in run("ls")
    assert str(len(files)) in run("verify", "org/name")


@pytest.mark.parametrize(
    ("include", "exclude", "chosen"),
    [
        ("*.json", None, ["config.json"]),
        (["*.json", "*.safetensors"], None, ["config.json", "model.safetensors"]),
        (["layers/"], "layers/1*", [f"layers/{n}.bin" for n in (0, 2, 3, 4, 5, 6, 7, 8, 9)]),
        (None, ["*.bin", "*.txt"], ["config.json", "model.safetensors"]),
    ],
)
def test_patterns(
    repo: Any, include: str | list[str] | None, exclude: str | list[str] | None, chosen: list[str]
) -> None:
    folder = hub.snapshot("hf:org/name", include=include, exclude=exclude)
    assert sorted(contents(folder)) == chosen


def test_no_file_matches(repo: Any, hf_cache: Path) -> None:
    with pytest.raises(
        NotFoundError, match="none of its files matches the patterns: it has 15 files, like"
    ):
        hub.snapshot("hf:org/name", include="*.gguf")
    assert not list(hf_cache.glob("*"))


def test_plan_changes_nothing(repo: Any, hf: Any, hf_cache: Path, weights: bytes) -> None:
    plan = hub.plan("hf:org/name", exclude="layers/")
    assert (plan.commit, plan.size) == (repo.refs["main"], len(weights) + 2 + 3)
    assert plan.to_fetch == plan.size and hf.fetched() == [] and not hf_cache.exists()
    hub.download("hf:org/name/model.safetensors")
    plan = hub.plan("hf:org/name", exclude="layers/")
    assert plan.to_fetch == 5
    assert [file.path for file in plan.files if file.is_here] == ["model.safetensors"]


def test_revision(repo: Any, hf_cache: Path) -> None:
    commit = repo.commit({"config.json": b"2"}, "v2")
    for folder in (
        hub.snapshot("hf:org/name", revision="v2"),
        hub.snapshot("hf:org/name@v2"),
        hub.snapshot("hf:org/name", revision=commit),
    ):
        assert contents(folder) == {"config.json": b"2"}
    with pytest.raises(RefError, match="at another revision"):
        hub.snapshot("hf:org/name@v1", revision="v2")


@pytest.mark.parametrize("kind", ["dataset", "space"])
def test_datasets_and_spaces(hf: Any, hf_cache: Path, kind: str) -> None:
    hf.repo(f"{kind}s/org/name", {"train.bin": b"rows"})
    folder = hub.snapshot(f"hf:{kind}s/org/name")
    assert folder.is_relative_to(hf_cache / f"{kind}s--org--name")
    assert hub.download(f"hf:{kind}s/org/name/train.bin") == folder / "train.bin"
    theirs = huggingface_hub.snapshot_download("org/name", repo_type=kind, local_files_only=True)
    assert Path(theirs) == folder
    assert [item.ref for item in hub.ls()] == [f"hf:{kind}s/org/name"]


def test_other_kinds_of_reference() -> None:
    with pytest.raises(RefError, match="is no repository"):
        hub.snapshot("https://example.org/model")
    with pytest.raises(RefError, match="is a file"):
        hub.snapshot("hf:org/name/config.json")


def test_branch_that_moves_takes_what_is_unchanged(repo: Any, hf: Any) -> None:
    first = hub.snapshot("hf:org/name", exclude="layers/")
    repo.commit({**repo.commits[first.name], "config.json": b"new"})
    hf.requests.clear()
    second = hub.snapshot("hf:org/name", exclude="layers/")
    assert hf.fetched() == ["config.json"]
    assert contents(first)["config.json"] == b"{}" and contents(second)["config.json"] == b"new"
    assert hub.snapshot("hf:org/name", exclude="layers/", offline=True) == second


def test_offline(repo: Any, hf: Any) -> None:
    with pytest.raises(OfflineError, match="is not in the cache"):
        hub.snapshot("hf:org/name", offline=True)
    hub.download("hf:org/name/config.json")
    with pytest.raises(OfflineError, match="how many there are is not known"):
        hub.snapshot("hf:org/name", offline=True)
    folder = hub.snapshot("hf:org/name", include="layers/")
    assert hub.snapshot("hf:org/name", include="layers/", offline=True) == folder
    with pytest.raises(OfflineError, match=r"2 of 15 files .*\(a#b\.txt, model\.safe"):
        hub.snapshot("hf:org/name", offline=True)


def test_server_that_is_away(repo: Any, hf: Any, impatient: None) -> None:
    folder = hub.snapshot("hf:org/name")
    hf.is_down = True
    assert hub.snapshot("hf:org/name") == folder


def test_damage_is_repaired(repo: Any, hf: Any, files: dict[str, bytes]) -> None:
    folder = hub.snapshot("hf:org/name")
    blob = (folder / "layers" / "3.bin").resolve()
    blob.unlink()
    blob.write_bytes(b"?" * 1000)
    with pytest.raises(IntegrityError):
        hub.snapshot("hf:org/name", offline=True)
    hf.requests.clear()
    assert contents(hub.snapshot("hf:org/name")) == files
    assert hf.fetched() == ["layers/3.bin"]


def test_failure_leaves_no_ref(repo: Any, hf: Any, hf_cache: Path, files: dict[str, bytes]) -> None:
    repo.sent["layers/5.bin"] = b"?" * 1000
    with pytest.raises(IntegrityError, match=r"layers/5\.bin"):
        hub.snapshot("hf:org/name")
    assert not list(hf_cache.glob("*/refs/*"))
    assert not list(hf_cache.glob("*/snapshots/*/layers/5.bin"))
    digest = hashlib.sha256(files["layers/5.bin"]).hexdigest()
    assert not list(hf_cache.glob(f"*/blobs/{digest}*"))
    repo.sent.clear()
    assert contents(hub.snapshot("hf:org/name")) == files


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../evil"},
        {"path": "/etc/passwd"},
        {"path": "C:\\evil"},
        {"path": "C:/evil"},
        {"path": "a\0b"},
        {"path": "a\nb"},
        {"path": "a//b"},
        {"path": "x" * 300},
        {"path": "config.json/inside"},
        {"path": "config.json"},
        {"path": 3},
        {"size": -1},
        {"size": 1 << 60},
        {"size": "12"},
        {"size": None},
        {"oid": "0" * 39},
        {"oid": "../../x"},
        {"oid": "A" * 40},
        {"lfs": {"oid": "0" * 63, "size": 1, "pointerSize": 1}},
        {"lfs": {"oid": "../" * 21 + "a", "size": 1, "pointerSize": 1}},
        {"lfs": {"size": 1}},
        {"xetHash": "short"},
    ],
)
def test_trees_that_are_refused(repo: Any, hf_cache: Path, change: dict[str, Any]) -> None:
    def lie(found: Entries) -> Entries:
        return [*found, {"type": "file", "path": "evil", "size": 4, "oid": "0" * 40} | change]

    repo.entries = lie
    with pytest.raises(FetchError, match=r"hf:org/name: the (server|answer)") as error:
        hub.snapshot("hf:org/name")
    assert "\n" not in str(error.value)
    assert not hf_cache.exists()


def test_other_refusals(repo: Any, hf: Any, impatient: None) -> None:
    def refused(kind: type[HubError]) -> str:
        with pytest.raises(kind) as error:
            hub.snapshot("hf:org/name")
        return str(error.value)

    repo.headers = {"X-Repo-Commit": "main"}
    assert "40 hexadecimal digits" in refused(FetchError)
    repo.headers = {}
    repo.gated = True
    assert "accept it at" in refused(AccessError)
    hf.is_down = True
    assert "cannot be reached" in refused(FetchError)


def test_listing_that_is_damaged(repo: Any, hf_cache: Path) -> None:
    hub.snapshot("hf:org/name")
    (listing,) = hf_cache.glob("*/trees/*.json")
    good = json.loads(listing.read_text())
    bad = {**good, "files": {**good["files"], "../x": {"size": 1, "blob_id": "0" * 40}}}
    for text in ("", "[]", json.dumps(bad)):
        listing.write_text(text)
        with pytest.raises(CacheError, match=f"{listing}: is no listing"):
            hub.snapshot("hf:org/name")


def test_disk_that_is_full(repo: Any, hf_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = namedtuple("full", "free")(100)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: full)
    with pytest.raises(CacheError, match="free some space"):
        hub.snapshot("hf:org/name")
    assert not list(hf_cache.glob("*/blobs/*"))


def test_cache_that_may_only_be_read(
    repo: Any, hf: Any, hf_cache: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hub.snapshot("hf:org/name")

    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(RepoFolder, "_write", refuse)
    monkeypatch.setattr(RepoFolder, "lock", refuse)
    repo.refs["v1"] = repo.refs["main"]
    assert hub.snapshot("hf:org/name@v1") == folder
    assert hub.download("hf:org/name@v1/config.json") == folder / "config.json"
    repo.commit({"other.bin": b"other"})
    with pytest.raises(CacheError, match=r"cannot be used: .*Permission denied"):
        hub.snapshot("hf:org/name")
    with pytest.raises(CacheError, match="cannot be used"):
        hub.download("hf:org/name/other.bin")


def test_empty_repository(hf: Any) -> None:
    hf.repo("org/empty", {})
    assert list(hub.snapshot("hf:org/empty").iterdir()) == []
    assert [item.files for item in hub.ls()] == [0]


@pytest.fixture
def alike(hf: Any, tmp_path: Path) -> dict[str, bytes]:
    """A repository of files whose names differ only in case."""
    if ignores_case(tmp_path):
        pytest.skip("case does not count on this disk")
    files = {"Vocab.txt": b"one", "vocab.txt": b"two", "A/x.bin": b"x", "a/y.bin": b"y"}
    hf.repo("org/alike", files)
    return files


def test_names_that_differ_in_case(alike: dict[str, bytes], tmp_path: Path) -> None:
    assert contents(hub.snapshot("hf:org/alike")) == alike
    assert own_files(hub.snapshot("hf:org/alike", local_dir=tmp_path / "local")) == alike


def test_names_that_differ_in_case_where_it_does_not_count(
    alike: dict[str, bytes], hf: Any, hf_cache: Path, local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.repos.tree.ignores_case", lambda folder: True)
    for options in ({}, {"local_dir": local}):
        with pytest.raises(CacheError, match="are one name on the disk of"):
            hub.snapshot("hf:org/alike", **options)
    assert hf.fetched() == [] and not list(hf_cache.glob("*/snapshots"))
    folder = hub.snapshot("hf:org/alike", exclude=["Vocab.txt", "A/"])
    assert contents(folder) == {"vocab.txt": b"two", "a/y.bin": b"y"}


def test_path_of_a_repository(repo: Any, hf: Any) -> None:
    with pytest.raises(NotFoundError, match="is not in the cache"):
        hub.path("hf:org/name")
    folder = hub.snapshot("hf:org/name", include="*.json")
    hf.requests.clear()
    assert hub.path("hf:org/name") == folder and hf.requests == []
    (folder / "config.json").resolve().write_bytes(b"[]")
    with pytest.raises(IntegrityError):
        hub.path("hf:org/name")


def test_info_of_a_repository_whose_bytes_are_missing(repo: Any, weights: bytes) -> None:
    folder = hub.snapshot("hf:org/name", include="*.safetensors")
    assert hub.info("hf:org/name").size == len(weights)
    next(folder.rglob("*.safetensors")).resolve().unlink()
    info = hub.info("hf:org/name")
    assert (info.path, info.files, info.size) == (folder, 1, 0)


def test_malformed_file_is_not_published(hf: Any, hf_cache: Path) -> None:
    hf.repo("org/name", {"config.json": b"{}", "model.safetensors": b"no header at all"})
    with pytest.raises(FormatError, match=r"hf:org/name: model\.safetensors"):
        hub.snapshot("hf:org/name")
    assert not list(hf_cache.glob("*/snapshots/*/model.safetensors"))
    assert hub.snapshot("hf:org/name", exclude="*.safetensors")


@pytest.fixture
def local(tmp_path: Path) -> Path:
    return tmp_path / "local"


def own_files(folder: Path) -> dict[str, bytes]:
    return {path: content for path, content in contents(folder).items() if path[0] != "."}


def test_local_folder(
    repo: Any, hf: Any, hf_cache: Path, local: Path, files: dict[str, bytes]
) -> None:
    assert hub.snapshot("hf:org/name", local_dir=local) == local
    assert own_files(local) == files and not (local / "config.json").is_symlink()
    assert not list(hf_cache.glob("*/blobs/*"))
    hf.requests.clear()
    hub.snapshot("hf:org/name", local_dir=local)
    huggingface_hub.snapshot_download("org/name", local_dir=local)
    assert hf.fetched() == []


def test_local_folder_from_the_cache(
    repo: Any, hf: Any, local: Path, files: dict[str, bytes]
) -> None:
    hub.snapshot("hf:org/name")
    hf.requests.clear()
    hub.snapshot("hf:org/name", local_dir=local, offline=True)
    assert own_files(local) == files and hf.requests == []


def test_local_folder_offline(
    repo: Any, hf: Any, hf_cache: Path, local: Path, files: dict[str, bytes]
) -> None:
    hub.snapshot("hf:org/name", local_dir=local)
    hf.requests.clear()
    assert hub.snapshot("hf:org/name", local_dir=local, offline=True) == local
    shutil.rmtree(hf_cache, ignore_errors=True)  # or carried to another machine
    assert hub.snapshot("hf:org/name", local_dir=local, offline=True) == local
    assert own_files(local) == files and hf.requests == []
    (local / "config.json").unlink()
    with pytest.raises(OfflineError, match=r"config\.json is not in the cache"):
        hub.snapshot("hf:org/name", local_dir=local, offline=True)


def test_local_folder_keeps_what_a_person_changed(
    repo: Any, local: Path, files: dict[str, bytes]
) -> None:
    hub.snapshot("hf:org/name", local_dir=local)
    repo.commit({**files, "config.json": b"new"})
    hub.snapshot("hf:org/name", local_dir=local)
    assert (local / "config.json").read_bytes() == b"new"
    (local / "config.json").write_bytes(b"mine")
    with pytest.raises(CacheError, match="move it away"):
        hub.snapshot("hf:org/name", local_dir=local)
    assert (local / "config.json").read_bytes() == b"mine"


def test_wrong_bytes_for_a_local_folder(repo: Any, local: Path) -> None:
    repo.sent["config.json"] = b"[]"
    with pytest.raises(IntegrityError):
        hub.snapshot("hf:org/name", local_dir=local)
    assert not (local / "config.json").exists()
    repo.sent.clear()
    hub.snapshot("hf:org/name", local_dir=local)
    assert (local / "config.json").read_bytes() == b"{}"
    assert not list(local.glob(".cache/**/*.incomplete"))
