"""Failing and malicious uploads."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.server import Server, Store
from hub.server.publishing import Publisher
from hub.server.tree import make_entry

from .conftest import CONFIG, WEIGHTS

Ask = Callable[..., Any]
BODY = b"large" * 1000
OID = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server(serve: Callable[..., Server], models: Path) -> Server:
    return serve(models, allow_push=True)


def line(key: str, **value: object) -> dict[str, object]:
    return {"key": key, "value": value}


def added(path: object, content: bytes = b"x") -> dict[str, object]:
    text = base64.b64encode(content).decode()
    return line("file", path=path, content=text, encoding="base64")


@pytest.fixture
def commit(server: Server, ask: Ask) -> Callable[..., Any]:
    def send(*lines: object, repository: str = "org/tiny") -> Any:
        body = b"".join(
            one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in lines
        )
        return ask(server, f"/api/models/{repository}/commit/main", "POST", body)

    return send


def batch(server: Server, ask: Ask, oid: str = OID, size: int = len(BODY)) -> Any:
    body = json.dumps({"operation": "upload", "objects": [{"oid": oid, "size": size}]})
    return ask(server, "/org/tiny.git/info/lfs/objects/batch", "POST", body)


def upload_address(server: Server, ask: Ask, **options: Any) -> str:
    (item,) = json.loads(batch(server, ask, **options).body)["objects"]
    href = urlsplit(item["actions"]["upload"]["href"])
    return f"{href.path}?{href.query}"


def leftovers(models: Path) -> list[str]:
    found = [
        path for name in ("incoming", "objects") for path in (models / ".hub" / name).rglob("*")
    ]
    return sorted(path.name for path in found)


BAD_PATHS = [
    "", ".", "..", "../x", "a/../x", "/etc/x", "a//b", "C:x", "C:/x", "a\\b", "a\0b", "a\nb",
    ".git/x", "a/.hidden", "\ud800", "a#sha256=b", "x" * 256, "/".join("x" * 200 for _ in range(6)),
    None, 3, ["a"],
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
def test_paths_that_are_refused(commit: Any, models: Path, path: object) -> None:
    before = sorted(models.rglob("*"))
    assert commit(line("header", summary="s"), added("good.txt"), added(path)).status == 400
    assert commit(line("lfsFile", path=path, oid=OID)).status == 400
    assert commit(line("deletedFile", path=path)).status in (400, 404)
    after = [path for path in sorted(models.rglob("*")) if ".hub" not in path.parts]
    assert after == [path for path in before if ".hub" not in path.parts]
    assert leftovers(models) == []


@pytest.mark.parametrize(
    "lines",
    [
        [b"not json\n"],
        [b"[]\n"],
        [b'{"key": "file"}\n'],
        [b"[" * 100_000],
        [line("unknown", path="a")],
        [line("file", path="a", content="not base64!", encoding="base64")],
        [line("file", path="a", content=3)],
        [line("file", path="a", content="YQ==", encoding="rot13")],
        [line("lfsFile", path="a", oid=OID)],
        [line("lfsFile", path="a", oid="../../x")],
        [added("config.json/below")],
        [added("onnx")],
        [added("a"), added("a/b")],
        [line("deletedFile", path="none")],
        [line("deletedFolder", path="none")],
        [line("header", parentCommit="0" * 40)],
        [line("header", parentCommit="")],
    ],
)
def test_commits_that_are_refused(commit: Any, models: Path, lines: list[Any]) -> None:
    assert commit(added("good.txt"), *lines).status in (400, 404, 412, 422)
    assert not (models / "org" / "tiny" / "good.txt").exists()
    assert (models / "org" / "tiny" / "config.json").read_bytes() == CONFIG
    assert leftovers(models) == []


def test_a_line_without_an_end_is_refused(server: Server, ask: Ask) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (b"a" * (1 << 20) for _ in range(40))

    with contextlib.suppress(ConnectionError):  # the server closes the connection
        assert ask(server, "/api/models/org/tiny/commit/main", "POST", pieces()).status == 413


def test_a_large_file(server: Server, ask: Ask, commit: Any, models: Path) -> None:
    address = upload_address(server, ask)
    assert ask(server, address, "PUT", BODY).status == 200
    assert json.loads(batch(server, ask).body)["objects"] == [{"oid": OID, "size": len(BODY)}]
    assert commit(line("lfsFile", path="l.bin", oid=OID, size=1)).status == 400
    answer = commit(line("lfsFile", path="l.bin", oid=OID, size=len(BODY)))
    assert answer.status == 200
    assert (models / "org" / "tiny" / "l.bin").read_bytes() == BODY
    assert (models / "org" / "tiny" / "model.safetensors").read_bytes() == WEIGHTS
    assert commit(line("deletedFile", path="l.bin"), added("l.bin/below")).status == 200


def test_a_chunked_body(server: Server, ask: Ask) -> None:
    pieces = (BODY[at : at + 700] for at in range(0, len(BODY), 700))
    assert ask(server, upload_address(server, ask), "PUT", pieces).status == 200


@pytest.mark.parametrize("body", [b"", BODY[:-1], BODY + b"x", BODY[:-1] + b"X", b"x" * 5_000_000])
def test_a_large_file_that_is_another(server: Server, ask: Ask, models: Path, body: bytes) -> None:
    address = upload_address(server, ask)
    try:
        assert ask(server, address, "PUT", body).status in (400, 422)
    except ConnectionError:  # the server closes the connection after too many bytes
        assert len(body) > 1_000_000
    assert leftovers(models) == []


def test_upload_addresses_cannot_be_made_up(server: Server, ask: Ask, models: Path) -> None:
    address = upload_address(server, ask)
    other = hashlib.sha256(b"other").hexdigest()
    path, _, query = address.partition("?")
    until, _, signature = query.partition("key=")[2].partition("-")
    for forged in (
        path,
        f"{path}?size={len(BODY)}",
        address.replace(OID, other),
        address.replace("org/tiny", "plain"),
        address.replace(f"size={len(BODY)}", "size=5"),
        f"{path}?size={len(BODY)}&key={int(until) + 9}-{signature}",
        f"{path}?size={len(BODY)}&key=1-{signature}",
        f"{path}?size={len(BODY)}&key=²-{signature}",
        f"{path}?size={len(BODY)}&key={'9' * 30}-{signature}",
        f"{path}?size=-1&key={until}-{signature}",
    ):
        assert ask(server, forged.encode("ascii", "replace").decode(), "PUT", BODY).status in (
            403,
            422,
        )
    assert leftovers(models) == []


def test_batches_that_are_refused(server: Server, ask: Ask) -> None:
    for value in ({}, [], {"operation": "download", "objects": []}, {"operation": "upload"}):
        path = "/org/tiny.git/info/lfs/objects/batch"
        assert ask(server, path, "POST", json.dumps(value)).status in (400, 422)
    assert batch(server, ask, oid="x").status == 422
    assert batch(server, ask, size=-1).status == 422


@pytest.mark.parametrize("name", ["..", ".git", "a/b", "", None, "x" * 97, "a..b", "x.git"])
def test_names_of_repositories(server: Server, ask: Ask, models: Path, name: object) -> None:
    body = json.dumps({"name": name, "organization": "org"})
    assert ask(server, "/api/repos/create", "POST", body).status == 400
    body = json.dumps({"name": "good", "organization": name})
    assert ask(server, "/api/repos/create", "POST", body).status == 400
    assert sorted(path.name for path in models.iterdir() if path.name != ".hub") == ["org", "plain"]


def test_a_repository_without_organization_needs_a_file(commit: Any) -> None:
    lines = [line("deletedFile", path="config.json"), added("folder/a.txt")]
    assert commit(*lines, repository="plain").status == 400
    assert commit(added("folder/a.txt"), repository="plain").status == 200


def test_uploads_at_the_same_time(commit: Any, server: Server, models: Path) -> None:
    def add(number: int) -> bool:
        while (status := commit(added(f"{number}.txt", b"%d" % number)).status) == 412:
            pass
        return bool(status == 200)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(add, range(12)))
    for number in range(12):
        assert (models / "org" / "tiny" / f"{number}.txt").read_bytes() == b"%d" % number


def test_readers_see_one_state_or_the_other(
    server: Server, ask: Ask, commit: Any, models: Path
) -> None:
    stop = threading.Event()
    wrong: list[object] = []

    def look() -> None:
        while not stop.is_set():
            info = json.loads(ask(server, "/api/models/org/tiny").body)
            if "sha" not in info:
                wrong.append(info)
                return
            a, b = (
                ask(server, f"/org/tiny/resolve/{info['sha']}/{name}.txt").body for name in "ab"
            )
            if a != b:
                wrong.append((a, b))

    commit(added("a.txt", b"0"), added("b.txt", b"0"))
    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(25):
        text = b"%d" % number
        assert commit(added("a.txt", text), added("b.txt", text)).status == 200
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_killed_between_the_two_moves(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(models)
    publisher = Publisher(store)
    base = store.resolve("org/tiny", "main")
    folder = models / "org" / "tiny"
    real_rename = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if target == folder:
            raise KeyboardInterrupt  # like a kill: without cleaning up
        return real_rename(self, target)

    with publisher.workspace() as scratch:
        (scratch / "new").write_bytes(b"new")
        files = {path: entry.file for path, entry in base.tree.entries.items()}
        monkeypatch.setattr(Path, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            publisher.publish(
                "org/tiny", "main", base.tree, {**files, "new.txt": scratch / "new"}, scratch
            )
        monkeypatch.undo()
    assert not folder.exists()
    after = Store(models).resolve("org/tiny", "main")
    assert after.tree.entries.keys() == {*base.tree.entries, "new.txt"}
    old = Store(models).resolve("org/tiny", base.commit)
    assert old.tree.entries.keys() == base.tree.entries.keys()
    assert make_entry("config.json", old.tree.entries["config.json"].file, store.hashes).size
