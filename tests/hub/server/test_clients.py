"""The client library of the public hub, used as documented."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import HfApi, errors

from hub.server import Server

from .conftest import CONFIG, WEIGHTS

Serve = Callable[..., Server]
TOKEN = "a-token-of-this-test"


@pytest.fixture(autouse=True)
def no_xet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The effect of HF_HUB_DISABLE_XET=1, which is read when the library is imported."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", "/nonexistent")
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture
def server(serve: Serve, models: Path) -> Server:
    return serve(models, allow_push=True)


@pytest.fixture
def api(server: Server) -> HfApi:
    return HfApi(endpoint=server.url)


def content(folder: str | Path) -> dict[str, bytes]:
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_snapshot_download(api: HfApi, tmp_path: Path) -> None:
    folder = api.snapshot_download("org/tiny", cache_dir=tmp_path / "cache")
    assert content(folder) == {
        "config.json": CONFIG,
        "model.safetensors": WEIGHTS,
        "onnx/notes.txt": b"notes",
        "empty.bin": b"",
    }
    blobs = tmp_path / "cache" / "models--org--tiny" / "blobs"
    assert (blobs / hashlib.sha256(WEIGHTS).hexdigest()).is_file()
    assert os.path.basename(folder) == api.model_info("org/tiny").sha
    local = api.snapshot_download(
        "org/tiny", local_dir=tmp_path / "local", allow_patterns=["*.json", "onnx/*"]
    )
    assert {"config.json", "onnx/notes.txt"} <= content(local).keys()


def test_one_file(api: HfApi, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    path = api.hf_hub_download("org/tiny", "onnx/notes.txt", cache_dir=cache)
    assert Path(path).read_bytes() == b"notes"
    assert Path(api.hf_hub_download("plain", "config.json", cache_dir=cache)).read_bytes() == b"{}"


def test_a_download_is_resumed(server: Server, tmp_path: Path) -> None:
    url = f"{server.url}/org/tiny/resolve/main/model.safetensors"
    with (tmp_path / "part").open("wb") as file:
        file.write(WEIGHTS[:1000])
        huggingface_hub.file_download.http_get(url, file, resume_size=1000)
    assert (tmp_path / "part").read_bytes() == WEIGHTS


def test_questions(api: HfApi) -> None:
    info = api.model_info("org/tiny", files_metadata=True)
    sizes = {file.rfilename: file.size for file in info.siblings or ()}
    assert sizes["model.safetensors"] == len(WEIGHTS) and sizes["config.json"] == len(CONFIG)
    assert info.config == {"model_type": "bert"}
    assert api.repo_info("org/tiny", revision=info.sha).sha == info.sha
    names = ["config.json", "empty.bin", "model.safetensors", "onnx/notes.txt"]
    assert api.list_repo_files("org/tiny") == names
    tree = {item.path: item for item in api.list_repo_tree("org/tiny", expand=True)}
    assert sorted(tree) == ["config.json", "empty.bin", "model.safetensors", "onnx"]
    assert [item.path for item in api.list_repo_tree("org/tiny", "onnx")] == ["onnx/notes.txt"]
    found = api.get_paths_info("org/tiny", ["model.safetensors", "onnx", "none"], expand=True)
    assert [item.path for item in found] == ["model.safetensors", "onnx"]
    assert found[0].lfs.sha256 == hashlib.sha256(WEIGHTS).hexdigest()  # type: ignore[union-attr]
    assert [model.id for model in api.list_models()] == ["org/tiny", "plain"]
    assert api.list_repo_commits("org/tiny")[0].commit_id == info.sha
    assert api.list_repo_refs("org/tiny").branches[0].target_commit == info.sha
    assert api.file_exists("org/tiny", "config.json") and not api.file_exists("org/tiny", "none")
    assert api.repo_exists("org/tiny") and not api.repo_exists("org/none")
    assert api.whoami(token=TOKEN)["name"] == "hub"


def test_missing_repositories_and_files(api: HfApi, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(errors.RepositoryNotFoundError):
        api.model_info("org/none")
    with pytest.raises(errors.RevisionNotFoundError):
        api.hf_hub_download("org/tiny", "config.json", revision="v9", cache_dir=cache)
    with pytest.raises(errors.EntryNotFoundError):
        api.hf_hub_download("org/tiny", "none.json", cache_dir=cache)
    assert list(cache.glob("models--org--tiny/.no_exist/*/none.json"))


def test_a_token(serve: Serve, models: Path, tmp_path: Path) -> None:
    server = serve(models, tokens=[TOKEN])
    cache = tmp_path / "cache"
    with pytest.raises(errors.HfHubHTTPError, match="401"):
        HfApi(endpoint=server.url).snapshot_download("org/tiny", cache_dir=cache)
    with pytest.raises(errors.HfHubHTTPError, match="401"):
        HfApi(endpoint=server.url, token="wrong").model_info("org/tiny")
    api = HfApi(endpoint=server.url, token=TOKEN)
    assert len(content(api.snapshot_download("org/tiny", cache_dir=cache))) == 4


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    folder = tmp_path / "upload"
    for name, data in {
        "README.md": b"---\nlicense: mit\n---\n# A model\n",
        "weights/a.safetensors": b"a" * 100_000,
        "weights/b.safetensors": b"b" * 50_000,
        "empty.bin": b"",
        ".gitattributes": b"*.bin filter=lfs",
        ".env": b"secret",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def visible(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in content(folder).items() if name != ".env"}


def test_upload_folder(api: HfApi, upload: Path, models: Path, tmp_path: Path) -> None:
    assert api.create_repo("org/new").repo_id == "org/new"
    with pytest.raises(errors.HfHubHTTPError, match="409"):
        api.create_repo("org/new")
    api.create_repo("org/new", exist_ok=True)
    first = api.upload_folder(repo_id="org/new", folder_path=upload)
    assert first.oid == api.model_info("org/new").sha
    assert content(models / "org" / "new") == visible(upload)
    folder = api.snapshot_download("org/new", cache_dir=tmp_path / "cache")
    assert content(folder) == visible(upload)
    again = api.upload_folder(repo_id="org/new", folder_path=upload)
    assert again.oid == first.oid


def test_changes(api: HfApi, upload: Path, models: Path, tmp_path: Path) -> None:
    api.create_repo("org/new")
    first = api.upload_folder(repo_id="org/new", folder_path=upload).oid
    second = api.upload_file(
        repo_id="org/new", path_or_fileobj=b"notes", path_in_repo="docs/notes.txt"
    )
    assert (models / "org" / "new" / "docs" / "notes.txt").read_bytes() == b"notes"
    third = api.delete_file("docs/notes.txt", "org/new")
    assert third.oid == first != second.oid
    api.delete_folder("weights", "org/new")
    assert api.list_repo_files("org/new") == [".gitattributes", "README.md", "empty.bin"]
    # A client at an earlier state can finish its download.
    old = api.snapshot_download("org/new", revision=second.oid, cache_dir=tmp_path / "cache")
    assert content(old).keys() == {*visible(upload), "docs/notes.txt"}
    with pytest.raises(errors.HfHubHTTPError, match="404"):
        api.delete_file("none.txt", "org/new")
    with pytest.raises(errors.HfHubHTTPError, match="412"):
        api.create_commit(
            "org/new",
            [huggingface_hub.CommitOperationAdd("x", b"x")],
            commit_message="late",
            parent_commit=first,
        )


def test_a_large_file_by_another_name_is_not_sent_again(
    api: HfApi, upload: Path, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api.create_repo("org/new")
    api.upload_folder(repo_id="org/new", folder_path=upload)
    (upload / "weights" / "a.safetensors").rename(upload / "weights" / "c.safetensors")
    caplog.clear()
    with caplog.at_level(logging.INFO, "hub.server"):
        api.upload_folder(repo_id="org/new", folder_path=upload)
    assert not any(" PUT " in record.getMessage() for record in caplog.records)
    assert (models / "org/new/weights/c.safetensors").read_bytes() == b"a" * 100_000


def test_an_upload_keeps_what_is_hidden_and_what_is_linked(api: HfApi, models: Path) -> None:
    folder = models / "org" / "tiny"
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    (folder / "linked.json").symlink_to("config.json")
    api.upload_file(repo_id="org/tiny", path_or_fileobj=b"x", path_in_repo="x.txt")
    assert (folder / ".git" / "HEAD").read_text() == "ref"
    assert (folder / "linked.json").read_bytes() == CONFIG
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_no_upload_where_it_is_not_allowed(serve: Serve, models: Path, upload: Path) -> None:
    api = HfApi(endpoint=serve(models).url)
    before = content(models)
    with pytest.raises(errors.HfHubHTTPError, match="read-only"):
        api.create_repo("org/new")
    with pytest.raises(errors.HfHubHTTPError, match="read-only"):
        api.upload_folder(repo_id="org/tiny", folder_path=upload)
    assert content(models) == {**before, **content(models)}
    assert not (models / "org" / "new").exists()


def test_upload_with_a_token(serve: Serve, models: Path, upload: Path) -> None:
    server = serve(models, tokens=[TOKEN], allow_push=True)
    api = HfApi(endpoint=server.url, token=TOKEN)
    api.create_repo("org/new")
    api.upload_folder(repo_id="org/new", folder_path=upload)
    assert content(models / "org" / "new") == visible(upload)


def test_xet_is_refused_with_what_to_do(
    api: HfApi, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)
    response = huggingface_hub.get_session().get(
        f"{api.endpoint}/api/models/org/tiny/xet-write-token/main"
    )
    assert response.status_code == 404 and "HF_HUB_DISABLE_XET=1" in response.text
