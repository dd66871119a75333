"""All caches as one list of items: filters, disk usage, verification, removal, collection."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

import hub
from hub import Filter
from hub.caches import size_on_disk
from hub.cli import main
from hub.errors import NotFoundError
from hub.maintenance.filters import FilterError, parse_age, parse_size

Capture = pytest.CaptureFixture[str]
DAY = 86400.0


@pytest.fixture
def repo(hf: Any, weights: bytes) -> Any:
    return hf.repo("org/name", {"config.json": b"{}", "big.bin": b"x" * 5000, "w.bin": b"w"})


@pytest.fixture
def url(server: Any) -> str:
    url = str(server.add("/w.bin", server.body(b"from the web")))
    hub.download(url)
    return url


def files_of(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def overwrite(path: Path, content: bytes) -> None:
    target = path.resolve()
    target.unlink()
    target.write_bytes(content)


def test_ls(repo: Any, url: str) -> None:
    assert [(item.ref, item.kind, item.files, item.size) for item in hub.ls()] == [
        (url, "http", 1, 12)
    ]
    hub.snapshot("hf:org/name")
    first = repo.refs["main"]
    repo.commit({"config.json": b"{}", "w.bin": b"other"})
    hub.snapshot("hf:org/name")
    old, new, web = sorted(hub.ls(), key=lambda item: (item.kind != "hf", -item.size))
    assert (old.ref, old.commit, old.size) == (f"hf:org/name@{first}", first, 5003)
    assert (new.ref, new.commit, new.files) == ("hf:org/name", repo.refs["main"], 2)
    assert web.ref == url
    assert size_on_disk([old, new]) == 5003 + 5  # config.json is stored once


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({}, ["hf", "http"]),
        ({"kind": "hf"}, ["hf"]),
        ({"match": "hf:org/*"}, ["hf"]),
        ({"match": "*other*"}, []),
        ({"larger": 1000}, ["hf"]),
        ({"smaller": 12}, ["http"]),
        ({"older": 60.0}, []),
        ({"older": 0.0, "kind": "http"}, ["http"]),
        ({"unused": 3600.0}, []),
    ],
)
def test_filters(repo: Any, url: str, options: dict[str, Any], chosen: list[str]) -> None:
    hub.snapshot("hf:org/name")
    assert sorted(item.kind for item in hub.ls(Filter(**options))) == chosen


def test_unused(repo: Any, url: str, home: Path, hf_cache: Path) -> None:
    folder = hub.snapshot("hf:org/name")
    long_ago = time.time() - 40 * DAY
    for path in [*home.rglob("*"), *hf_cache.rglob("*"), folder]:
        os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    (record,) = home.glob("hub/records/*.json")
    fields = json.loads(record.read_text()) | {"fetched": "2020-01-01T00:00:00Z"}
    record.write_text(json.dumps(fields))
    os.utime(record, (long_ago, long_ago))
    unused = Filter(unused=30 * DAY)
    assert [item.kind for item in hub.ls(unused)] == ["hf", "http"]
    hub.path(url)
    assert [item.kind for item in hub.ls(unused)] == ["hf"]
    hub.path("hf:org/name/config.json")
    assert hub.ls(unused) == []


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("1B", 1), ("1.5gb", 1_500_000_000), ("2 MiB", 2 << 20)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1XB", "1e9", "1 000"])
def test_bad_sizes_and_ages(text: str) -> None:
    for parse in (parse_size, parse_age):
        with pytest.raises(FilterError):
            parse(text)


def test_verify(repo: Any, url: str) -> None:
    folder = hub.snapshot("hf:org/name")
    assert [check.ok for check in hub.verify()] == [True] * 4
    overwrite(folder / "config.json", b"[]")
    (folder / "w.bin").resolve().unlink()
    bad = {check.ref: check.got for check in hub.verify() if not check.ok}
    assert set(bad) == {"hf:org/name: config.json", "hf:org/name: w.bin"}
    assert bad["hf:org/name: w.bin"] is None and len(bad["hf:org/name: config.json"] or "") == 40
    (check,) = hub.verify("hf:org/name/config.json")
    assert not check.ok
    assert len(hub.verify("hf:org/name")) == 3
    with pytest.raises(NotFoundError):
        hub.verify("hf:org/other")
    with pytest.raises(NotFoundError):
        hub.verify("hf:org/name/nothing")


def test_info(repo: Any) -> None:
    assert hub.info("hf:org/name") == hub.Info("hf:org/name", "hf")
    folder = hub.snapshot("hf:org/name")
    info = hub.info("hf:org/name")
    assert (info.path, info.files, info.size, info.commit) == (folder, 3, 5003, folder.name)
    info = hub.info("hf:org/name/config.json")
    assert (info.path, info.size, len(info.sha256 or "")) == (folder / "config.json", 2, 64)
    assert hub.info("hf:org/name/nothing").path is None


def test_rm_commit(repo: Any, hf_cache: Path) -> None:
    first = hub.snapshot("hf:org/name")
    repo.commit({"config.json": b"{}", "w.bin": b"other"})
    second = hub.snapshot("hf:org/name")
    assert hub.rm(f"hf:org/name@{first.name}") == 5001  # config.json is still referenced
    assert not first.exists() and (second / "config.json").read_bytes() == b"{}"
    assert huggingface_hub.scan_cache_dir(hf_cache).warnings == []
    assert hub.rm("hf:org/name") == 7
    assert files_of(hf_cache) == [] and hub.ls() == []
    with pytest.raises(NotFoundError):
        hub.rm("hf:org/name")


def test_rm_leaves_nothing(repo: Any, home: Path, hf_cache: Path) -> None:
    repo.commit({"a/b/c.bin": b"1"}, "v1")
    hub.snapshot("hf:org/name@v1")
    with pytest.raises(NotFoundError):
        hub.download("hf:org/name@v1/nothing")
    hub.rm("hf:org/name@v1")
    assert files_of(hf_cache) == files_of(home) == []


def test_rm_file(repo: Any, hf_cache: Path) -> None:
    folder = hub.snapshot("hf:org/name")
    assert hub.rm("hf:org/name/big.bin") == 5000
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "w.bin"]
    assert huggingface_hub.scan_cache_dir(hf_cache).warnings == []
    with pytest.raises(NotFoundError):
        hub.rm("hf:org/name/big.bin")
    assert (hub.snapshot("hf:org/name") / "big.bin").exists()


def test_gc(repo: Any, url: str, hf_cache: Path, home: Path) -> None:
    folder = hub.snapshot("hf:org/name")
    blobs = hf_cache / "models--org--name" / "blobs"
    (blobs / ("0" * 64)).write_bytes(b"a" * 100)
    (blobs / ("1" * 64 + ".bestiary.incomplete")).write_bytes(b"b" * 10)
    (home / "hub" / "blobs" / ("2" * 64)).write_bytes(b"c")
    before = files_of(hf_cache), files_of(home)
    assert hub.collect().hf == 0
    assert hub.collect(0, dry_run=True).size >= 110
    assert files_of(hf_cache) == before[0]
    (home / "hub" / "blobs" / ("2" * 64)).write_bytes(b"c")
    found = hub.collect(0)
    assert (found.hub, found.hf) == (1, 110)
    assert hub.collect(0).size == 0
    assert all(check.ok for check in hub.verify()) and folder.exists()


def test_gc_removes_an_unpublished_link(repo: Any, hf_cache: Path) -> None:
    """A temporary link of a killed client, which is dangling at its location."""
    hub.snapshot("hf:org/name")
    left = hf_cache / "models--org--name" / ".0123456789abcdef.tmp"
    left.symlink_to("../../blobs/" + "1" * 64)
    assert hub.collect(0, dry_run=True).size == 0 and left.is_symlink()
    hub.collect(0)
    assert not left.is_symlink()


def test_gc_leaves_what_is_being_fetched(repo: Any, hf_cache: Path) -> None:
    from hub.repos.layout import RepoFolder
    from hub.repos.repo_id import Repo

    hub.snapshot("hf:org/name")
    folder = RepoFolder(Repo("model", "org/name"))
    partial = folder.blob("1" * 64 + ".bestiary.incomplete")
    partial.write_bytes(b"half")
    with folder.lock("1" * 64):
        assert hub.collect(0).hf == 0
    assert partial.exists() and hub.collect(0).hf == 4 and not partial.exists()


def test_the_library_removes_files_of_the_hub(repo: Any, hf_cache: Path) -> None:
    folder = hub.snapshot("hf:org/name")
    huggingface_hub.scan_cache_dir(hf_cache).delete_revisions(folder.name).execute()
    assert hub.ls() == []
    assert hub.snapshot("hf:org/name") == folder


@pytest.fixture
def run(capsys: Capture) -> Callable[..., str]:
    def call(*arguments: str, status: int = 0) -> str:
        assert main(arguments) == status
        printed = capsys.readouterr()
        assert printed.err.count("\n") == (status != 0)
        return printed.err if status else printed.out

    return call


def test_commands(repo: Any, url: str, run: Callable[..., str]) -> None:
    folder = run("download", "hf:org/name", "--exclude", "w.*", "--quiet").strip()
    assert Path(folder).name == repo.refs["main"]
    assert run("ls").splitlines()[-1] == "2 items, 5.0 kB"
    assert [item["kind"] for item in json.loads(run("ls", "--kind", "hf", "--json"))] == ["hf"]
    assert "5.0 kB  1  hf:org" in run("du")
    assert json.loads(run("du", "--json", "--kind", "http"))[0]["size"] == 12
    assert "ok   hf:org/name: config.json\n" in run("verify")
    assert "files      2" in run("info", "hf:org/name")
    assert run("gc", "--dry-run").count("0 B would be freed") == 2
    assert run("rm", "--kind", "hf", "--dry-run") == "would remove hf:org/name: 5.0 kB\n"
    assert run("rm", url, "--dry-run") == f"would remove {url}: 12 B\n"
    assert run("rm", "--larger", "1kB") == "removed hf:org/name: 5.0 kB freed\n"
    assert run("ls").splitlines()[-1] == "1 item, 12 B"


def test_dry_run(repo: Any, run: Callable[..., str], hf_cache: Path) -> None:
    commit = repo.refs["main"]
    assert run("download", "hf:org/name", "--dry-run") == (
        "fetch     2 B  config.json\n"
        "fetch  5.0 kB  big.bin\n"
        "fetch     1 B  w.bin\n"
        f"hf:org/name: commit {commit}, 3 files, 5.0 kB, of which 5.0 kB to fetch\n"
    )
    assert not hf_cache.exists()
    hub.download("hf:org/name/big.bin")
    (plan,) = json.loads(run("download", "hf:org/name", "--dry-run", "--json"))
    assert (plan["commit"], plan["to_fetch"]) == (commit, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        ["rm"],
        ["rm", "hf:org/name", "--kind", "hf"],
        ["rm", "hf:org/name", "--dry-run"],
        ["ls", "--larger", "big"],
        ["ls", "--unused", "30 years"],
        ["gc", "--grace", "soon"],
        ["verify", "hf:org/name", "--kind", "hf"],
        ["export", "x.tar", "--kind", "none"],
        ["download", "hf:org/name/config.json", "--include", "*"],
        ["download", "https://example.org/w", "--dry-run"],
        ["download", "hf:org/name", "--sha256", "0" * 64],
        ["download", "hf:org/name", "--offline"],
        ["import", "no-such-file.tar"],
    ],
)
def test_error_is_one_line(arguments: list[str], run: Callable[..., str]) -> None:
    assert run(*arguments, status=1).startswith("hub: error: ")
