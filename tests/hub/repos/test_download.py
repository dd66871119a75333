"""Files of repositories: fetched once, checked by the repository's hashes, cached."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants

import hub
from hub import collect
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
from hub.repos import cached_repo
from hub.transfer import Limits, limits
from tests.hub import faulty

CONFIG = b'{"layers": 2}'
MODEL = "hf:org/name/model.safetensors"


@pytest.fixture
def repo(hf: Any, weights: bytes) -> Any:
    files = {"config.json": CONFIG, "model.safetensors": weights, "onnx/a.bin": b"onnx"}
    return hf.repo("org/name", files)


@pytest.fixture
def refused(hf_cache: Path) -> Callable[..., str]:
    """Expect a download to fail; returns the message after checking that nothing is left."""

    def run(ref: str, kind: type[HubError]) -> str:
        with pytest.raises(kind) as error:
            hub.download(ref)
        message = str(error.value)
        assert "\n" not in message and ref.partition("#")[0] in message
        for folder in ("blobs", "snapshots", "refs"):
            assert [path for path in hf_cache.glob(f"*/{folder}/**/*") if path.is_file()] == []
        return message

    return run


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Records the names of hashed files."""
    names: list[str] = []
    real = cached_repo.hash_blob

    def count(path: Path, etag: str) -> tuple[str, str]:
        names.append(path.name)
        return real(path, etag)

    monkeypatch.setattr(cached_repo, "hash_blob", count)
    return names


def overwrite(path: Path, content: bytes) -> None:
    target = path.resolve()
    target.unlink()
    target.write_bytes(content)


def test_large_file(repo: Any, hf: Any, hf_cache: Path, weights: bytes) -> None:
    path = hub.download(MODEL)
    folder = hf_cache / "models--org--name"
    assert path == folder / "snapshots" / repo.refs["main"] / "model.safetensors"
    assert path.read_bytes() == weights
    assert path.readlink() == Path("../../blobs", hashlib.sha256(weights).hexdigest())
    assert (folder / "refs" / "main").read_text() == repo.refs["main"]
    assert hub.path(MODEL) == hub.download(MODEL) == path
    assert hf.fetched() == ["model.safetensors"]


def test_regular_file(repo: Any, hf_cache: Path) -> None:
    path = hub.download("hf:org/name/config.json")
    git = hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG).hexdigest()
    assert path.read_bytes() == CONFIG and path.resolve().name == git


def test_file_in_a_folder(repo: Any, hf_cache: Path) -> None:
    path = hub.download("hf:org/name/onnx/a.bin")
    assert path.read_bytes() == b"onnx" and path.readlink().parts[:4] == ("..", "..", "..", "blobs")


def test_empty_file(hf: Any) -> None:
    hf.repo("org/name", {"empty": b"", "empty.bin": b""})
    assert hub.download("hf:org/name/empty").read_bytes() == b""
    assert hub.download("hf:org/name/empty.bin").read_bytes() == b""


def test_without_an_organisation(hf: Any, hf_cache: Path) -> None:
    hf.repo("gpt2", {"config.json": CONFIG})
    path = hub.download("hf:gpt2@main/config.json")
    assert path.read_bytes() == CONFIG and path.is_relative_to(hf_cache / "models--gpt2")
    with pytest.raises(NotFoundError, match="hf:gpt2@main/config"):
        hub.snapshot("hf:gpt2/config.json")


def test_the_library_reads_files_of_the_hub(repo: Any, hf: Any) -> None:
    paths = [hub.download(f"hf:org/name/{name}") for name in ("config.json", "model.safetensors")]
    hf.requests.clear()
    for path in paths:
        theirs = huggingface_hub.hf_hub_download("org/name", path.name, local_files_only=True)
        assert Path(theirs) == path
        assert huggingface_hub.try_to_load_from_cache("org/name", path.name) == str(path)
        assert Path(huggingface_hub.hf_hub_download("org/name", path.name)) == path
    assert hf.fetched() == []


def test_the_hub_reads_files_of_the_library(repo: Any, hf: Any, hashed: list[str]) -> None:
    theirs = Path(huggingface_hub.hf_hub_download("org/name", "model.safetensors"))
    hf.requests.clear()
    assert hub.path(MODEL) == hub.download(MODEL, offline=True) == hub.download(MODEL) == theirs
    assert hashed == [theirs.resolve().name] and hf.fetched() == []


def test_damage_by_the_library_is_detected(repo: Any, hf: Any, weights: bytes) -> None:
    theirs = Path(huggingface_hub.hf_hub_download("org/name", "model.safetensors"))
    overwrite(theirs, weights[:-1] + b"?")
    with pytest.raises(IntegrityError, match="another program wrote or changed it") as error:
        hub.path(MODEL)
    assert error.value.got == hashlib.sha256(weights[:-1] + b"?").hexdigest()
    with pytest.raises(IntegrityError):
        hub.download(MODEL, offline=True)
    assert hub.download(MODEL).read_bytes() == weights


def test_damage_is_detected_and_repaired(
    repo: Any, hf: Any, weights: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = hub.download(MODEL)
    overwrite(path, weights[:-1] + b"?")
    with pytest.raises(IntegrityError):
        hub.path(MODEL)
    assert hub.download(MODEL).read_bytes() == weights
    assert "fetching it again" in caplog.text
    path = hub.download("hf:org/name/config.json")
    overwrite(path, b"{}")
    with pytest.raises(IntegrityError, match="wrong git SHA-1"):
        hub.path("hf:org/name/config.json")


def test_touched_file_is_hashed_once(repo: Any, hashed: list[str]) -> None:
    path = hub.download(MODEL)
    assert hub.path(MODEL) == path and hashed == []
    os.utime(path, (1, 1))
    assert hub.path(MODEL) == hub.path(MODEL) == path
    assert hashed == [path.resolve().name]


def test_link_to_another_blob(repo: Any) -> None:
    config, model = hub.download("hf:org/name/config.json"), hub.download(MODEL)
    hub.snapshot("hf:org/name")  # records all hashes of the commit
    model.unlink()
    model.symlink_to(config.readlink())
    with pytest.raises(IntegrityError):
        hub.path(MODEL)


def test_pin(repo: Any, hf: Any, weights: bytes, refused: Callable[..., str]) -> None:
    digest = hashlib.sha256(CONFIG).hexdigest()
    assert "wrong SHA-256" in refused(f"hf:org/name/config.json#sha256={'0' * 64}", IntegrityError)
    assert "wrong SHA-256" in refused(f"{MODEL}#sha256={'0' * 64}", IntegrityError)
    path = hub.download(f"hf:org/name/config.json#sha256={digest}")
    hf.requests.clear()
    assert hub.download("hf:org/name/config.json", digest) == path
    assert hf.requests == []  # the bytes are pinned, whatever the branch's commit
    with pytest.raises(IntegrityError):
        hub.path("hf:org/name/config.json", "0" * 64)


def test_moving_branch(repo: Any, hf: Any, hf_cache: Path) -> None:
    first = hub.download("hf:org/name/config.json")
    repo.commit({"config.json": b"{}"})
    assert hub.download("hf:org/name/config.json", offline=True) == first
    second = hub.download("hf:org/name/config.json")
    assert second.read_bytes() == b"{}" and first.read_bytes() == CONFIG
    assert hub.path("hf:org/name/config.json") == second
    hf.requests.clear()
    assert hub.download(f"hf:org/name@{first.parent.name}/config.json") == first
    assert hf.requests == []  # a commit does not move


def test_other_revisions(repo: Any, hf_cache: Path) -> None:
    for ref, name in (("v1.0", "v1.0"), ("refs/pr/1", "refs/pr/1"), ("a/b", "a%2Fb")):
        commit = repo.commit({"config.json": ref.encode()}, ref)
        path = hub.download(f"hf:org/name@{name}/config.json")
        assert path.read_bytes() == ref.encode() and path.parent.name == commit
        assert hub.path(f"hf:org/name@{name}/config.json") == path
    found = huggingface_hub.scan_cache_dir(hf_cache)
    assert found.warnings == []
    assert {ref for repo in found.repos for ref in repo.refs} == {"v1.0", "refs/pr/1", "a/b"}


def test_offline(repo: Any, hf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OfflineError, match="download it where there is a network"):
        hub.download(MODEL, offline=True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(OfflineError):
        hub.download(MODEL)
    assert hf.requests == []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    path = hub.download(MODEL)
    monkeypatch.setenv("BESTIARY_OFFLINE", "1")
    assert hub.download(MODEL) == path
    with pytest.raises(OfflineError):
        hub.download("hf:org/name/config.json")


def test_server_that_is_away(
    repo: Any, hf: Any, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    path = hub.download(MODEL)
    hf.is_down = True
    with caplog.at_level(logging.WARNING, "hub"):
        assert hub.download(MODEL) == path
    assert "using the commit of the last request" in caplog.text
    with pytest.raises(FetchError, match="cannot be reached"):
        hub.download("hf:org/name/config.json")


def test_busy_server(repo: Any, hf: Any, impatient: None) -> None:
    hf.failures = [503, 429]
    assert hub.download(MODEL).exists()
    hf.failures = [500] * 50
    with pytest.raises(FetchError, match="answered 500"):
        hub.download("hf:org/name/config.json")


def test_no_such_thing(repo: Any, hf: Any, refused: Callable[..., str]) -> None:
    assert "'org/other'" in refused("hf:org/other/config.json", NotFoundError)
    assert "no such branch" in refused("hf:org/name@v9/config.json", NotFoundError)
    assert "no such branch" in refused(f"hf:org/name@{'0' * 40}/config.json", NotFoundError)
    assert "no such file" in refused("hf:org/name/nothing.json", NotFoundError)


def test_absence_is_remembered(repo: Any, hf: Any, hf_cache: Path) -> None:
    commit = repo.refs["main"]
    hub.download("hf:org/name/config.json")
    with pytest.raises(NotFoundError):
        hub.download("hf:org/name/nothing.json")
    hf.requests.clear()
    with pytest.raises(NotFoundError, match="no such file"):
        hub.download(f"hf:org/name@{commit}/nothing.json")
    with pytest.raises(NotFoundError, match="no such file"):
        hub.download("hf:org/name/nothing.json", offline=True)
    absent = huggingface_hub.try_to_load_from_cache("org/name", "nothing.json")
    assert absent is huggingface_hub._CACHED_NO_EXIST and hf.requests == []


def test_gated(repo: Any, refused: Callable[..., str]) -> None:
    repo.gated = True
    assert "accept it at http" in refused(MODEL, AccessError)


def test_token(repo: Any, hf: Any, monkeypatch: pytest.MonkeyPatch, hf_cache: Path) -> None:
    hf.token = "hf_secret"
    with pytest.raises(NotFoundError, match="set HF_TOKEN"):
        hub.download(MODEL)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.download(MODEL)
    method, _, headers = hf.requests[-1]
    assert (method, headers["Authorization"]) == ("GET", "Bearer hf_secret")


def test_flipped_byte(repo: Any, weights: bytes, refused: Callable[..., str]) -> None:
    repo.sent["model.safetensors"] = weights[:-1] + b"?"
    assert hashlib.sha256(weights[:-1] + b"?").hexdigest() in refused(MODEL, IntegrityError)
    repo.sent["config.json"] = CONFIG[:-1] + b"?"
    assert "wrong git SHA-1" in refused("hf:org/name/config.json", IntegrityError)


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"../../x"'},
        {"ETag": '"' + "A" * 64 + '"'},
        {"ETag": '"abc"'},
        {"ETag": ""},
        {"X-Repo-Commit": "main"},
        {"X-Repo-Commit": "../../../etc"},
        {"X-Linked-Size": str(1 << 60)},
        {"X-Linked-Size": "-1"},
    ],
)
def test_answers_that_are_refused(
    repo: Any, refused: Callable[..., str], headers: dict[str, str]
) -> None:
    repo.headers = headers
    refused(MODEL, FetchError)


def test_wrong_etag(repo: Any, refused: Callable[..., str]) -> None:
    repo.headers = {"ETag": '"' + "0" * 64 + '"'}
    assert "0" * 64 in refused(MODEL, IntegrityError)


def test_another_commit_than_asked(repo: Any, refused: Callable[..., str]) -> None:
    commit = repo.refs["main"]
    repo.headers = {"X-Repo-Commit": "0" * 40}
    assert f"expected {commit}" in refused(f"hf:org/name@{commit}/config.json", FetchError)


def test_web_page(repo: Any, refused: Callable[..., str]) -> None:
    repo.headers = {"Content-Type": "text/html"}
    assert "a web page" in refused(MODEL, FetchError)


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, b"\x02" + bytes(7) + b"[]"])
def test_malformed_safetensors(hf: Any, refused: Callable[..., str], content: bytes) -> None:
    hf.repo("org/name", {"model.safetensors": content})
    refused(MODEL, FormatError)


@pytest.mark.parametrize("shard", ["../x.bin", "/etc/passwd", "C:\\x", "a\0b", "a\\b"])
def test_shards_that_leave_the_folder(hf: Any, refused: Callable[..., str], shard: str) -> None:
    index = json.dumps({"weight_map": {"w": shard}}).encode()
    hf.repo("org/name", {"model.safetensors.index.json": index})
    refused("hf:org/name/model.safetensors.index.json", FormatError)


def test_bad_ref_in_the_cache(repo: Any, hf_cache: Path) -> None:
    hub.download(MODEL)
    (hf_cache / "models--org--name/refs/main").write_text("../../..")
    with pytest.raises(CacheError, match="holds no commit"):
        hub.path(MODEL)


def test_repository_is_no_file(repo: Any) -> None:
    with pytest.raises(RefError, match=r"hub\.snapshot"):
        hub.download("hf:org/name")


def test_without_symbolic_links(
    repo: Any, hf: Any, hf_cache: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", True)
    path = hub.download(MODEL)
    assert not path.is_symlink() and path.read_bytes() == weights
    assert hub.path(MODEL) == path
    assert Path(huggingface_hub.hf_hub_download("org/name", "model.safetensors")) == path
    hub.snapshot("hf:org/name")
    overwrite(path, weights[:-1] + b"?")
    with pytest.raises(IntegrityError):
        hub.path(MODEL)
    assert huggingface_hub.scan_cache_dir(hf_cache).warnings == []


def test_xet(
    repo: Any, hf: Any, weights: bytes, monkeypatch: pytest.MonkeyPatch, hf_cache: Path
) -> None:
    repo.xet, repo.refused = {"model.safetensors": "a" * 64}, {"model.safetensors"}
    brought: list[bytes] = [weights[:-1] + b"?", weights]

    def library(name: str, path: str, *, local_dir: Path, **_: Any) -> str:
        target = Path(local_dir, path)
        target.parent.mkdir(parents=True)
        target.write_bytes(brought.pop(0))
        return str(target)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", library)
    with pytest.raises(IntegrityError, match="the Xet storage"):
        hub.snapshot("hf:org/name", include=["*.safetensors"])
    assert not list(hf_cache.glob("*/blobs/*"))
    folder = hub.snapshot("hf:org/name", include=["*.safetensors"])
    assert (folder / "model.safetensors").read_bytes() == weights
    assert [path.name for path in hf_cache.glob("*/blobs/*")] == [
        hashlib.sha256(weights).hexdigest()
    ]


def test_silent_server(repo: Any, hf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of revisions and listings time out."""
    monkeypatch.setattr(limits, "LIMITS", Limits(read_timeout=0.2, attempts=1))
    repo.api_faults = [faulty.hold(60)]
    with pytest.raises(FetchError, match="cannot be reached"):
        hub.snapshot("hf:org/name")
    repo.api_faults = [None, faulty.hold(60)]
    with pytest.raises(FetchError, match="cannot be reached"):
        hub.snapshot("hf:org/name")


def test_listing_that_asks_to_wait(repo: Any, hf: Any, impatient: None) -> None:
    repo.api_faults = [None, faulty.status(429, "3600")]
    with pytest.raises(FetchError, match="asks to wait 3600 s"):
        hub.snapshot("hf:org/name")


def test_listing_in_pages(
    repo: Any, hf: Any, server: Any, monkeypatch: pytest.MonkeyPatch, hf_cache: Path
) -> None:
    """The token is not sent to a next page at another origin."""
    monkeypatch.setenv("HF_TOKEN", "secret")
    entries = repo.tree(repo.refs["main"])
    body = json.dumps(entries[1:]).encode()
    url = server.add("/more", server.body(body, Content_Type="application/json"))

    def first(file: faulty.File, reply: faulty.Reply) -> None:
        reply.body = json.dumps(entries[:1]).encode()
        reply.headers |= {"Link": f'<{url}>; rel="next"', "Content-Length": str(len(reply.body))}

    repo.api_faults = [None, first]
    folder = hub.snapshot("hf:org/name")
    assert len(entries) > 1 and all((folder / entry["path"]).exists() for entry in entries)
    assert hf.requests[0][2]["authorization"] == "Bearer secret"
    assert [
        {"authorization", "Authorization"} & fields.keys() for _, fields in server.requests
    ] == [set()]


def test_xet_on_a_full_disk(repo: Any, hf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.xet, repo.refused = {"model.safetensors": "a" * 64}, {"model.safetensors"}

    def library(*_: Any, **__: Any) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", library)
    with pytest.raises(CacheError, match=r"is full .* free some space and try again"):
        hub.download(MODEL)


def test_leftovers_of_a_killed_xet_download_are_collected(
    repo: Any, hf: Any, hf_cache: Path, weights: bytes
) -> None:
    path = hub.download(MODEL)
    left = path.resolve().with_name(f"{'b' * 64}.bestiary.xet") / ".cache"
    left.mkdir(parents=True)
    (left / "part").write_bytes(b"12345")
    assert collect(grace=-1, dry_run=True).hf == 5 and left.exists()
    assert collect(grace=-1).hf == 5
    assert [found.name for found in hf_cache.glob("*/blobs/*")] == [path.resolve().name]
