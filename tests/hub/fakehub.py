"""A repository server on the loopback that can be told to lie, and the real library asking it."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import huggingface_hub
import pytest
from huggingface_hub import constants, file_download

LARGE = (".safetensors", ".bin")
Handler = http.server.BaseHTTPRequestHandler


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def commit_id(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


class FakeRepo:
    """The commits of one repository. `entries` and `headers` replace what the server says."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, bytes]] = {}
        self.refs: dict[str, str] = {}
        self.gated = False
        self.xet: dict[str, str] = {}
        self.entries: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda found: found
        self.headers: dict[str, str] = {}
        self.sent: dict[str, bytes] = {}  # what is sent instead of the content, by path
        self.refused: set[str] = set()  # paths whose bytes are not to be had
        self.stalled: set[str] = set()  # paths of which half comes, and then nothing

    def commit(self, files: dict[str, bytes], ref: str = "main") -> str:
        commit = commit_id(f"{ref} {sorted(files)} {len(self.commits)}")
        self.commits[commit], self.refs[ref] = files, commit
        return commit

    def find(self, revision: str) -> str | None:
        commit = self.refs.get(revision, revision)
        return commit if commit in self.commits else None

    def tree(self, commit: str) -> list[dict[str, Any]]:
        found = []
        for path, content in self.commits[commit].items():
            entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content)}
            entry["oid"] = git_sha1(content)
            if path.endswith(LARGE):
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 134}
            if path in self.xet:
                entry["xetHash"] = self.xet[path]
            found.append(entry)
        return self.entries(found)


class FakeHub:
    """Repositories by name; `requests` holds method, path and headers of what was asked."""

    def __init__(self) -> None:
        self.repos: dict[str, FakeRepo] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.token: str | None = None
        self.failures: list[int] = []  # statuses of the next answers
        self.is_down = False
        self.stopped = threading.Event()
        hub = self

        class Answering(Handler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self)

            do_HEAD = do_GET

            def log_message(self, *arguments: object) -> None:
                """Keep quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def repo(self, name: str, files: dict[str, bytes] | None = None) -> FakeRepo:
        repo = self.repos.setdefault(name, FakeRepo())
        if files is not None:
            repo.commit(files)
        return repo

    def fetched(self) -> list[str]:
        """The paths of the files whose bytes were asked for, in alphabetical order."""
        return sorted(
            path.rpartition("/resolve/")[2].partition("/")[2]
            for method, path, _ in self.requests
            if method == "GET" and "/resolve/" in path
        )

    def close(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, handler: Handler) -> None:
        path = handler.path.partition("?")[0]
        self.requests.append((handler.command, path, dict(handler.headers)))
        if self.is_down:
            handler.close_connection = True
            return None
        if self.failures:
            return send(handler, self.failures.pop(0), b"busy")
        if self.token and handler.headers.get("Authorization") != f"Bearer {self.token}":
            return send(handler, 401, b"who?", X_Error_Code="RepoNotFound")
        if found := re.fullmatch(r"/api/(?:models/)?(.+?)/revision/(.+)", path):
            return self._revision(handler, found[1], unquote(found[2]))
        if found := re.fullmatch(r"/api/(?:models/)?(.+?)/tree/([^/]+)/?", path):
            return self._tree(handler, found[1], found[2])
        if found := re.fullmatch(r"/(.+?)/resolve/(.+?)/(.+)", path):
            return self._file(handler, *map(unquote, found.groups()))
        return send(handler, 404, b"nothing")

    def _find(self, handler: Handler, name: str, revision: str) -> tuple[FakeRepo, str] | None:
        repo = self.repos.get(name)
        if repo is None:
            send(handler, 401, b"", X_Error_Code="RepoNotFound")
            return None
        if repo.gated:
            send(handler, 403, b"", X_Error_Code="GatedRepo")
            return None
        commit = repo.find(revision)
        if commit is None:
            send(handler, 404, b"", X_Error_Code="RevisionNotFound")
            return None
        return repo, commit

    def _revision(self, handler: Handler, name: str, revision: str) -> None:
        if found := self._find(handler, name, revision):
            repo, commit = found
            said = repo.headers.get("X-Repo-Commit", commit)
            siblings = [{"rfilename": path} for path in repo.commits[commit]]
            send_json(handler, {"id": name, "modelId": name, "sha": said, "siblings": siblings})

    def _tree(self, handler: Handler, name: str, revision: str) -> None:
        if found := self._find(handler, name, revision):
            repo, commit = found
            send_json(handler, repo.tree(commit))

    def _file(self, handler: Handler, name: str, revision: str, path: str) -> None:
        found = self._find(handler, name, revision)
        if found is None:
            return
        repo, commit = found
        content = repo.commits[commit].get(path)
        if content is None:
            return send(handler, 404, b"", X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        if path in repo.refused and handler.command == "GET":
            return send(handler, 400, b"not this way")
        large = path.endswith(LARGE)
        digest = hashlib.sha256(content).hexdigest() if large else git_sha1(content)
        headers = {"ETag": f'"{digest}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        headers |= repo.headers
        if handler.command == "GET":
            content = repo.sent.get(path, content)
            if path in repo.stalled:
                headers["Content-Length"] = str(len(content))
                send(handler, 200, content[: len(content) // 2], **headers)
                handler.wfile.flush()
                self.stopped.wait(60)
                return None
        return send(handler, 200, content, **headers)


def send(handler: Handler, status: int, content: bytes, **headers: str) -> None:
    fields = {"Content-Length": str(len(content)), "Content-Type": "application/octet-stream"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    handler.send_response(status)
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(content)


def send_json(handler: Handler, value: object) -> None:
    send(handler, 200, json.dumps(value).encode(), Content_Type="application/json")


def point_to(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the library ask another server and use a cache of its own, here and in children."""
    home = folder / "huggingface"
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_URL_HOSTS", frozenset({"127.0.0.1"}), raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(file_download, "_are_symlinks_supported_in_dir", {})
    assert huggingface_hub.HfApi().endpoint == url
