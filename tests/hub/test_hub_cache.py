"""The cache: verification of touched files, repair, removal, offline use."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hub
from hub import sources
from hub.errors import CacheError, FetchError, IntegrityError, NotFoundError, OfflineError
from hub.hub_cache import HubCache, home as cache_home

CONTENT = b"the weights"


@pytest.fixture
def url(server: Any) -> str:
    return str(server.add("/w.bin", server.body(CONTENT)))


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def test_layout(url: str, home: Path, sha256: Callable[[bytes], str]) -> None:
    path = hub.download(url)
    blob = home / "hub" / "blobs" / sha256(CONTENT)
    assert path.resolve() == blob.resolve() and path.is_relative_to(home)
    assert blob.stat().st_mode & 0o222 == 0
    assert list((home / "hub" / "partial").iterdir()) == []
    assert list((home / "hub" / "locks").iterdir()) == []


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_home() == tmp_path / "home"
    monkeypatch.delenv("BESTIARY_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/caches")
    assert cache_home() == Path("/var/caches/bestiary")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_home() == tmp_path / ".cache" / "bestiary"


def test_equal_files_are_stored_once(server: Any, url: str) -> None:
    other = server.add("/other.bin", server.body(CONTENT))
    one, two = hub.download(url), hub.download(other)
    assert one != two and one.samefile(two)
    assert hub.rm(url) == 0
    assert two.read_bytes() == CONTENT and hub.path(other) == two
    assert hub.rm(other) == len(CONTENT)


def test_offline(url: str, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OfflineError, match="is not in the cache and the hub is offline"):
        hub.download(url, offline=True)
    monkeypatch.setenv("BESTIARY_OFFLINE", "1")
    with pytest.raises(OfflineError):
        hub.download(url)
    assert server.requests == []
    path = hub.download(url, offline=False)
    assert hub.download(url) == path
    for off in ("0", "false", ""):
        monkeypatch.setenv("BESTIARY_OFFLINE", off)
        hub.download(url)


def test_path_never_fetches(url: str, server: Any) -> None:
    with pytest.raises(NotFoundError, match="fetch it with `hub download`"):
        hub.path(url)
    assert server.requests == []
    assert hub.download(url) == hub.path(url)


def test_damage_is_detected_and_repaired(
    url: str, server: Any, sha256: Callable[[bytes], str], caplog: pytest.LogCaptureFixture
) -> None:
    path = hub.download(url)
    overwrite(path, b"the weighTs")
    with pytest.raises(IntegrityError, match="damaged since it was fetched") as error:
        hub.download(url, offline=True)
    assert (error.value.expected, error.value.got) == (sha256(CONTENT), sha256(b"the weighTs"))
    with pytest.raises(IntegrityError):
        hub.path(url)
    assert [check.got for check in hub.verify()] == [sha256(b"the weighTs")]
    assert hub.download(url).read_bytes() == CONTENT
    assert "fetching it again" in caplog.text and len(server.requests) == 2
    assert [check.ok for check in hub.verify(url)] == [True]


def test_touched_file_is_hashed_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hub.download(url)
    os.utime(path, (1, 1))
    hashed: list[Path] = []
    real = hub.hub_cache.hash_file

    def count(file: Path) -> str:
        hashed.append(file)
        return real(file)

    monkeypatch.setattr("hub.hub_cache.hash_file", count)
    assert [hub.path(url), hub.path(url)] == [path, path]
    assert hashed == [path]


def test_vanished_file(url: str, server: Any) -> None:
    path = hub.download(url)
    path.resolve().unlink()
    assert [check.got for check in hub.verify(url)] == [None]
    assert hub.info(url).path is None
    with pytest.raises(OfflineError):
        hub.download(url, offline=True)
    assert hub.download(url).read_bytes() == CONTENT


def test_first_use_binds(url: str, server: Any, sha256: Callable[[bytes], str]) -> None:
    hub.download(url).resolve().unlink()
    server.add("/w.bin", server.body(b"others"))
    with pytest.raises(IntegrityError, match=r"changed since 20.*`hub rm` it first") as error:
        hub.download(url)
    assert (error.value.expected, error.value.got) == (sha256(CONTENT), sha256(b"others"))
    hub.rm(url)
    assert hub.download(url).read_bytes() == b"others"


def test_new_pin_replaces(url: str, server: Any, sha256: Callable[[bytes], str]) -> None:
    path = hub.download(url)
    with pytest.raises(IntegrityError):
        hub.download(url, "0" * 64)
    assert path.read_bytes() == CONTENT and hub.path(url) == path  # the failure changed nothing
    server.add("/w.bin", server.body(b"second version"))
    assert hub.download(url, sha256(b"second version")).read_bytes() == b"second version"
    with pytest.raises(IntegrityError):
        hub.path(url, sha256(CONTENT))


def test_rm(url: str, leftovers: Callable[[], list[str]]) -> None:
    with pytest.raises(NotFoundError):
        hub.rm(url)
    path = hub.download(url)
    assert hub.rm(url) == len(CONTENT)
    assert leftovers() == [] and not path.exists() and hub.ls() == []


def test_rm_clears_what_a_failed_download_left(server: Any, impatient: None, home: Path) -> None:
    url = server.add("/w", server.body(CONTENT, sent=4, ETag='"1"'))
    with pytest.raises(FetchError):
        hub.download(url)
    (left,) = home.glob("hub/partial/*")
    assert hub.rm(url) >= 4 and not left.exists()
    with pytest.raises(NotFoundError):
        hub.rm(url)


def test_collect(server: Any, url: str, impatient: None, home: Path) -> None:
    hub.download(url)
    (home / "hub" / "blobs" / ("0" * 64)).write_bytes(b"nobody's")
    other = server.add("/other", server.body(b"half of it", sent=5, ETag='"1"'))
    with pytest.raises(FetchError):
        hub.download(other)
    (left,) = home.glob("hub/partial/*")
    cache = HubCache()
    assert cache.collect(grace=3600) == len(b"nobody's") and left.exists()
    with cache.lock(sources.parse(other)):
        assert cache.collect(grace=-1) == 0 and left.exists()
    assert cache.collect(grace=-1) > 5 and not left.exists()
    assert hub.path(url).read_bytes() == CONTENT


@pytest.mark.parametrize("has_hard_links", [True, False])
def test_no_symbolic_links(
    server: Any, url: str, home: Path, monkeypatch: pytest.MonkeyPatch, has_hard_links: bool
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "symlink", refuse)
    if not has_hard_links:
        monkeypatch.setattr(os, "link", refuse)
    path = hub.download(url)
    assert path.read_bytes() == CONTENT and not path.is_symlink()
    assert hub.download(url) == path and len(server.requests) == 1
    assert [check.ok for check in hub.verify()] == [True]
    overwrite(path, b"the weighTs")
    assert hub.download(url).read_bytes() == CONTENT and len(server.requests) == 2
    other = server.add("/other.bin", server.body(CONTENT))
    assert hub.download(other).read_bytes() == hub.path(url).read_bytes() == CONTENT
    files = [p for p in home.rglob("*") if p.is_file() and p.suffix != ".json"]
    stored = {(p.stat().st_ino, p.stat().st_size) for p in files}
    assert sum(size for _, size in stored) <= 2 * len(CONTENT)
    assert hub.rm(url) + hub.rm(other) == sum(size for _, size in stored)


# Shared caches.


@pytest.fixture
def shared(url: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shared cache that has the file; the user's own is empty."""
    hub.download(url)
    folder = tmp_path / "shared"
    home.rename(folder)
    monkeypatch.setenv("BESTIARY_SHARED", os.pathsep.join(["/no/such/folder", str(folder)]))
    return folder


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.lstat().st_mtime_ns, p.lstat().st_mode) for p in folder.rglob("*")}


def test_shared_cache_is_read(url: str, server: Any, shared: Path, home: Path) -> None:
    before = tree(shared)
    path = hub.download(url)
    assert path.is_relative_to(shared) and path == hub.path(url) == hub.info(url).path
    assert [check.ok for check in hub.verify(url)] == [True]
    assert hub.download(url, offline=True) == path
    assert len(server.requests) == 1 and hub.ls() == [] and not home.exists()
    with pytest.raises(NotFoundError):
        hub.rm(url)
    assert tree(shared) == before


def test_shared_cache_that_is_damaged(
    url: str, server: Any, shared: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    overwrite(hub.path(url), b"the weighTs")
    before = tree(shared)
    with pytest.raises(IntegrityError, match="damaged"):
        hub.download(url, offline=True)
    path = hub.download(url)
    assert path.is_relative_to(home) and path.read_bytes() == CONTENT
    assert hub.download(url, offline=True) == path
    assert tree(shared) == before


def test_touched_file_of_a_shared_cache(url: str, shared: Path) -> None:
    os.utime(hub.path(url), (1, 1))
    before = tree(shared)
    assert hub.path(url).read_bytes() == CONTENT
    assert tree(shared) == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: b"",
        lambda record: b"[]",
        lambda record: b"{}",
        lambda record: b'{"stamp": 3}',
        lambda record: b"\xff\xfe",
        lambda record: b"[" * 100_000,
        lambda record: record.replace(b'"size": 11', b'"size": "11"'),
        lambda record: re.sub(rb'"fetched": "[^"]*"', b'"fetched": 3', record),
        lambda record: re.sub(rb'"fetched": "[^"]*"', b'"fetched": "today"', record),
        lambda record: re.sub(rb'"ref": "[^"]*"', b'"ref": null', record),
        lambda record: re.sub(rb'"ref": "[^"]*"', b'"ref": "https://example.org/w"', record),
        lambda record: record.replace(b'"w.bin"', b'"../../w.bin"'),
    ],
)
def test_broken_record(
    server: Any,
    url: str,
    home: Path,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
) -> None:
    """It is named; the rest of the cache is usable, and nothing is collected."""
    path = hub.download(url)
    (record,) = (home / "hub" / "records").iterdir()
    record.write_bytes(damage(record.read_bytes()))
    other = server.add("/other.bin", server.body(b"more"))
    hub.download(other)
    assert [item.ref for item in hub.ls()] == [other]
    assert f"{record}: is not a record" in caplog.text
    with pytest.raises(CacheError, match=f"{record}: is not a record"):
        hub.path(url)
    hub.rm(other)
    assert HubCache().collect(grace=0) == 0 and path.read_bytes() == CONTENT
    record.unlink()
    assert HubCache().collect(grace=0) == len(CONTENT + b"more")


def test_cache_that_cannot_be_written(url: str, home: Path) -> None:
    home.write_text("a file where a folder should be")
    with pytest.raises(CacheError, match="cannot be used"):
        hub.download(url)


def test_info(url: str, sha256: Callable[[bytes], str]) -> None:
    assert hub.info(url) == hub.Info(url, "http")
    path = hub.download(url)
    info = hub.info(url)
    assert (info.path, info.size, info.sha256) == (path, len(CONTENT), sha256(CONTENT))
    assert info.source == url and info.fetched is not None


def test_integrity_error_crosses_processes() -> None:
    error = IntegrityError("ref", expected="a", got=None, source="there", advice="do this")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) and copy.expected == "a"
