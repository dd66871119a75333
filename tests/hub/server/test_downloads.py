"""Answers of the server to single requests."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hub.errors import HubError
from hub.server import Limits, Server

from .conftest import CONFIG, WEIGHTS

Ask = Callable[..., Any]
Talk = Callable[..., bytes]
Serve = Callable[..., Server]

FILE = "/org/tiny/resolve/main/model.safetensors"
ETAG = f'"{hashlib.sha256(WEIGHTS).hexdigest()}"'


@pytest.fixture
def server(serve: Serve, models: Path) -> Server:
    return serve(models)


def test_a_large_file(server: Server, ask: Ask) -> None:
    answer = ask(server, FILE)
    assert (answer.status, answer.body) == (200, WEIGHTS)
    assert answer.headers["etag"] == answer.headers["x-linked-etag"] == ETAG
    assert answer.headers["x-linked-size"] == answer.headers["content-length"] == str(len(WEIGHTS))
    assert answer.headers["accept-ranges"] == "bytes"
    assert len(answer.headers["x-repo-commit"]) == 40
    assert "content-encoding" not in answer.headers


def test_a_small_file(server: Server, ask: Ask) -> None:
    answer = ask(server, "/org/tiny/resolve/main/config.json", Accept_Encoding="gzip, br")
    git = hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG).hexdigest()
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, CONFIG, f'"{git}"')
    assert "x-linked-etag" not in answer.headers
    assert ask(server, "/plain/resolve/main/config.json").body == b"{}"
    assert ask(server, "/org/tiny/resolve/main/empty.bin").body == b""


def test_head(server: Server, ask: Ask) -> None:
    got, head = ask(server, FILE), ask(server, FILE, "HEAD")
    assert head.body == b"" and head.headers.keys() == got.headers.keys()
    missing = ask(server, "/org/tiny/resolve/main/nothing", "HEAD")
    assert (missing.status, missing.body) == (404, b"")


@pytest.mark.parametrize(
    ("text", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=307199-", 307199, 307200),
        ("bytes=5-999999999", 5, 307200),
        ("bytes=-10", 307190, 307200),
        ("bytes=-999999999", 0, 307200),
    ],
)
def test_ranges(server: Server, ask: Ask, text: str, start: int, stop: int) -> None:
    answer = ask(server, FILE, Range=text)
    assert (answer.status, answer.body) == (206, WEIGHTS[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(WEIGHTS)}"
    assert ask(server, FILE, Range=text, If_Range=ETAG).status == 206


@pytest.mark.parametrize(
    "text", ["bytes=0-1,5-6", "bytes=9-5", "lines=0-1", "bytes=", "bytes=-", "bytes=x-1", "0-1"]
)
def test_ranges_that_are_ignored(server: Server, ask: Ask, text: str) -> None:
    answer = ask(server, FILE, Range=text)
    assert (answer.status, len(answer.body)) == (200, len(WEIGHTS))


@pytest.mark.parametrize("text", ["bytes=307200-", "bytes=999999999999-", "bytes=-0"])
def test_ranges_that_hold_nothing(server: Server, ask: Ask, text: str) -> None:
    answer = ask(server, FILE, Range=text)
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */307200")
    assert ask(server, "/org/tiny/resolve/main/empty.bin", Range="bytes=0-").status == 416


def test_a_range_of_another_version_is_the_whole_file(server: Server, ask: Ask) -> None:
    assert ask(server, FILE, Range="bytes=5-", If_Range='"other"').status == 200
    assert ask(server, FILE, Range="bytes=5-", If_Range=f"W/{ETAG}").status == 200


@pytest.mark.parametrize(
    ("tags", "status"),
    [(ETAG, 304), (f'"x", W/{ETAG}', 304), ("*", 304), ('"a"', 200), (ETAG[1:-1], 200)],
)
def test_if_none_match(server: Server, ask: Ask, tags: str, status: int) -> None:
    assert ask(server, FILE, If_None_Match=tags).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/org/tiny/resolve/main/../../../outside",
        "/org/tiny/resolve/main/%2e%2e/%2e%2e/%2e%2e/outside",
        "/org/tiny/resolve/main/..%2f..%2f..%2foutside",
        "/org/tiny/resolve/main//etc/passwd",
        "/org/tiny/resolve/main/%00",
        "/org/tiny/resolve/main/.hidden",
        "/org/tiny/resolve/main/onnx",
        "/org/tiny/resolve/..%2f..%2ftiny/config.json",
        "/org/tiny/resolve/%2e%2e/config.json",
        "/org/../resolve/main/outside",
        "/../resolve/main/outside",
        "/.hub/resolve/main/hashes.json",
        "/org/.hidden/resolve/main/x",
        "/.hub/hashes.json",
        "/org/tiny",
        "/",
        "//",
        "/api",
        "/api/models/org%2ftiny%2f..%2f..",
        "/api/models/../../etc",
        "/api/models/org/tiny/tree/main/..",
        "/api/datasets/org/tiny",
        "/datasets/org/tiny/resolve/main/config.json",
    ],
)
def test_not_found(server: Server, ask: Ask, models: Path, path: str) -> None:
    (models.parent / "outside").write_text("secret")
    (models / "org" / "tiny" / ".hidden").write_text("secret")
    (models / "org" / ".hidden").mkdir()
    (models / "org" / ".hidden" / "x").write_text("secret")
    answer = ask(server, path)
    assert answer.status == 404 and b"secret" not in answer.body
    assert "error" in json.loads(answer.body)


def test_the_kinds_of_404(server: Server, ask: Ask) -> None:
    def code(path: str) -> str:
        return str(ask(server, path).headers["x-error-code"])

    assert code("/org/none/resolve/main/config.json") == "RepoNotFound"
    assert code("/org/tiny/resolve/v2/config.json") == "RevisionNotFound"
    assert code(f"/org/tiny/resolve/{'0' * 40}/config.json") == "RevisionNotFound"
    assert code("/org/tiny/resolve/main/none.json") == "EntryNotFound"
    assert code("/api/models/org/tiny/tree/main/none") == "EntryNotFound"
    missing = ask(server, "/org/tiny/resolve/main/none.json")
    assert len(missing.headers["x-repo-commit"]) == 40


def test_a_commit_is_served_until_it_is_no_more(server: Server, ask: Ask, models: Path) -> None:
    commit = ask(server, FILE).headers["x-repo-commit"]
    path = f"/org/tiny/resolve/{commit}/config.json"
    assert ask(server, path).status == 200
    replaced = models / "org" / "tiny" / "new"
    replaced.write_bytes(b"other")
    replaced.rename(models / "org" / "tiny" / "config.json")
    assert ask(server, path).headers["x-error-code"] == "RevisionNotFound"


def test_revisions_in_folders_beside(server: Server, ask: Ask, models: Path) -> None:
    for name, content in (("tiny@v1.0", b"one"), ("tiny@pr%2F1", b"pr")):
        (models / "org" / name).mkdir()
        (models / "org" / name / "config.json").write_bytes(content)
    assert ask(server, "/org/tiny/resolve/v1.0/config.json").body == b"one"
    answer = ask(server, "/org/tiny/resolve/pr%2F1/config.json")
    assert answer.body == b"pr"
    pinned = f"/org/tiny/resolve/{answer.headers['x-repo-commit']}/config.json"
    assert ask(server, pinned).body == b"pr"
    refs = json.loads(ask(server, "/api/models/org/tiny/refs").body)
    assert [branch["name"] for branch in refs["branches"]] == ["main", "pr/1", "v1.0"]


def test_pages(server: Server, ask: Ask) -> None:
    seen: list[str] = []
    path: str | None = "/api/models/org/tiny/tree/main?recursive=true&limit=2"
    while path is not None:
        answer = ask(server, path)
        page = json.loads(answer.body)
        assert 1 <= len(page) <= 2
        seen += [item["path"] for item in page]
        link = answer.headers.get("link")
        path = link and link.partition(">")[0].removeprefix(f"<{server.url}")
    expected = ["config.json", "empty.bin", "model.safetensors", "onnx", "onnx/notes.txt"]
    assert seen == expected
    assert ask(server, "/api/models?limit=x").status == 400
    assert ask(server, "/api/models?cursor=%FF").status == 400


def test_models_are_listed_and_found(server: Server, ask: Ask) -> None:
    def names(query: str = "") -> list[str]:
        return [model["id"] for model in json.loads(ask(server, f"/api/models{query}").body)]

    assert names() == ["org/tiny", "plain"]
    assert names("?search=TIN") == names("?author=org") == ["org/tiny"]
    assert names("?limit=1") == ["org/tiny"]


def test_a_token_is_required(serve: Serve, models: Path, ask: Ask) -> None:
    server = serve(models, tokens=["secret-token", "another-token"])
    for path in (FILE, "/api/models", "/api/whoami-v2", "/nothing"):
        for token in ("", "Bearer wrong", "Basic c2VjcmV0", "Bearer", "Bearer secret-token x"):
            answer = ask(server, path, Authorization=token)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert b"secret" not in answer.body
    for token in ("Bearer secret-token", "bearer another-token"):
        assert ask(server, FILE, Authorization=token).status == 200
    assert ask(server, FILE, "HEAD").status == 401


def test_tokens_and_queries_are_not_logged(
    serve: Serve, models: Path, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(models, tokens=["secret-token"])
    with caplog.at_level("INFO", "hub"):
        ask(server, FILE + "?key=secret-key", Authorization="Bearer secret-token")
        ask(server, "/%0d%0aforged?x=1", Authorization="Bearer wrong-token")
        while len(caplog.records) < 2:  # logged after the answer is sent
            time.sleep(0.01)
    lines = [record.getMessage() for record in caplog.records]
    assert any(line.startswith(f"127.0.0.1 GET {FILE} 200 307200 B ") for line in lines)
    assert not any("secret" in line or "wrong" in line or "\n" in line for line in lines)


def test_requests_that_make_no_sense(server: Server, talk: Talk) -> None:
    def status(raw: bytes) -> int:
        return int(talk(server, raw).split(b" ")[1])

    assert status(b"nonsense\r\n\r\n") == 400
    assert status(b"GET / HTTP/3.7\r\n\r\n") in (400, 505)
    assert status(b"GET /%ff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == 400
    assert status(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400
    assert status(b"GET / HTTP/1.1\r\nHost: a\nb\r\n\r\n") == 400
    assert status(b"GET / HTTP/1.1\r\nHost: <script>\r\n\r\n") == 400
    both = b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
    assert status(b"POST / HTTP/1.1\r\nHost: a\r\n" + both + b"\r\n0\r\n\r\n") == 400
    twice = b"Content-Length: 3\r\nContent-Length: 4\r\n"
    assert status(b"POST / HTTP/1.1\r\nHost: a\r\n" + twice + b"\r\nabcd") == 400
    assert status(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n") == 400
    assert status(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n") == 400


def test_heads_are_bounded(serve: Serve, models: Path, talk: Talk) -> None:
    server = serve(models, limits=Limits(head_size=20_000))
    long = b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n"
    assert talk(server, long).startswith(b"HTTP/1.1 414 ")
    many = b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 200 + b"\r\n"
    assert talk(server, many).startswith(b"HTTP/1.1 431 ")
    large = b"GET / HTTP/1.1\r\n" + b"X-A: %s\r\n" % (b"b" * 7000) * 9 + b"\r\n"
    assert talk(server, large).startswith(b"HTTP/1.1 431 ")


def test_slow_heads_are_given_up(serve: Serve, models: Path) -> None:
    server = serve(models, limits=Limits(head_time=0.3, idle=0.3))
    host, _, port = server.url.removeprefix("http://").partition(":")
    head = b"GET / HTTP/1.1\r\nX-Slow: " + b"a" * 3000
    with socket.create_connection((host, int(port)), 20) as connection:
        sent = 0
        with contextlib.suppress(ConnectionError):
            for sent in range(len(head)):
                connection.sendall(head[sent : sent + 1])
                time.sleep(0.02)
        assert 0 < sent < len(head) - 1
    with socket.create_connection((host, int(port)), 20) as connection:
        assert connection.recv(1) == b""  # no request, so the server closes the connection


def test_several_requests_on_one_connection(server: Server, talk: Talk) -> None:
    one = b"GET /plain/resolve/main/config.json HTTP/1.1\r\nHost: a\r\n\r\n"
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    answered = talk(server, one * 3 + last)
    assert answered.count(b"HTTP/1.1 200 OK") == 4 and answered.count(b"\r\n\r\n{}") == 4
    # An unread body is not parsed as a request.
    body = b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
    post = b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert talk(server, post + body + last).count(b"HTTP/1.1 ") == 2


def test_more_clients_than_threads(serve: Serve, models: Path, ask: Ask) -> None:
    server = serve(models, limits=Limits(clients=2, idle=0.5))
    before = threading.active_count()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(server, FILE).body == WEIGHTS, range(40)))
    assert all(answers)
    assert threading.active_count() <= before + 3


def test_a_file_that_is_cut_short_ends_the_connection(
    serve: Serve, models: Path, talk: Talk
) -> None:
    file = models / "org" / "tiny" / "model.safetensors"
    file.write_bytes(bytes(64 << 20))
    server = serve(models)
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(f"GET {FILE} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        received = len(connection.recv(1 << 16))
        os.truncate(file, 1000)
        while data := connection.recv(1 << 20):
            received += len(data)
    assert received < 64 << 20


def test_unusable_folder_and_address(models: Path, server: Server) -> None:
    with pytest.raises(HubError, match="no such folder"):
        Server(models / "none")
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(HubError, match=f"127.0.0.1:{port}: cannot be served at"):
        Server(models, port=port)


def test_it_stops_while_clients_are_connected(models: Path) -> None:
    with Server(models) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        connection = socket.create_connection((host, int(port)), 20)
        connection.sendall(b"GET / HTTP/1.1\r\n")
        time.sleep(0.1)
    assert connection.recv(1) == b""
    connection.close()
