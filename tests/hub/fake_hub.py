"""A configurable repository server on the loopback, as the endpoint of the real library."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import huggingface_hub
import pytest
from huggingface_hub import constants, file_download

from tests.hub.faulty import Fault, File, give
from tests.hub.loopback import Handler, Loopback, send

LARGE = (".safetensors", ".bin")


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def etag(path: str, content: bytes) -> str:
    """The ETag of a file: SHA-256 if it is a large one, else git's SHA-1."""
    return hashlib.sha256(content).hexdigest() if path.endswith(LARGE) else git_sha1(content)


def commit_id(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


class FakeRepo:
    """The commits of one repository. `entries` and `headers` override the server's answers.

    Each answer about the repository consumes one of `api_faults`; each with a file one of its
    `body`. With `store`, the URL of this server under another name, large files are redirected to
    another origin, as on the public hub.
    """

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, bytes]] = {}
        self.refs: dict[str, str] = {}
        self.gated = False
        self.xet: dict[str, str] = {}
        self.entries: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda found: found
        self.headers: dict[str, str] = {}
        self.sent: dict[str, bytes] = {}  # bytes sent instead of the content, by path
        self.refused: set[str] = set()  # paths whose requests fail
        self.api_faults: list[Fault | None] = []
        self.store: str | None = None
        self._bodies: dict[tuple[str, str], File] = {}
        self._lock = threading.Lock()

    def commit(self, files: dict[str, bytes], ref: str = "main") -> str:
        commit = commit_id(f"{ref} {sorted(files)} {len(self.commits)}")
        self.commits[commit], self.refs[ref] = files, commit
        return commit

    def find(self, revision: str) -> str | None:
        commit = self.refs.get(revision, revision)
        return commit if commit in self.commits else None

    def body(self, commit: str, path: str) -> File:
        """The bytes sent for a file of a commit."""
        content = self.commits[commit][path]
        with self._lock:
            new = File(content, f'"{etag(path, content)}"')
            body = self._bodies.setdefault((commit, path), new)
        body.content = self.sent.get(path, content)
        return body

    def bodies(self) -> list[File]:
        """All requested bodies, and those with faults."""
        with self._lock:
            return list(self._bodies.values())

    def next_fault(self) -> Fault | None:
        with self._lock:
            return self.api_faults.pop(0) if self.api_faults else None

    def tree(self, commit: str) -> list[dict[str, Any]]:
        found = []
        for path, content in self.commits[commit].items():
            entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content)}
            entry["oid"] = git_sha1(content)
            if path.endswith(LARGE):
                digest = etag(path, content)
                entry["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 134}
            if path in self.xet:
                entry["xetHash"] = self.xet[path]
            found.append(entry)
        return self.entries(found)


class FakeHub(Loopback):
    """Repositories by name; `requests` records method, path and headers."""

    def __init__(self) -> None:
        self.repos: dict[str, FakeRepo] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.token: str | None = None
        self.failures: list[int] = []  # statuses of the next answers
        self.is_down = False
        super().__init__()

    @property
    def elsewhere(self) -> str:
        """This server under another origin."""
        return self.url.replace("127.0.0.1", "localhost")

    def repo(self, name: str, files: dict[str, bytes] | None = None) -> FakeRepo:
        repo = self.repos.setdefault(name, FakeRepo())
        if files is not None:
            repo.commit(files)
        return repo

    def fetched(self) -> list[str]:
        """The paths of the requested files, in alphabetical order."""
        return sorted(
            path.rpartition("/resolve/")[2].partition("/")[2]
            for method, path, _ in self.requests
            if method == "GET" and "/resolve/" in path
        )

    def answer(self, handler: Handler) -> None:
        path = handler.path.partition("?")[0]
        self.requests.append((handler.command, path, dict(handler.headers)))
        if self.is_down:
            handler.close_connection = True
            return None
        if self.failures:
            return send(handler, self.failures.pop(0), b"busy")
        if found := re.fullmatch(r"/store/(.+?)/(.+?)/(.+)", path):
            name, commit, path = map(unquote, found.groups())
            return self._send_body(handler, self.repos[name.replace(":", "/")], commit, path)
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
            answer = {"id": name, "modelId": name, "sha": said, "siblings": siblings}
            self._send_json(handler, repo, answer)

    def _tree(self, handler: Handler, name: str, revision: str) -> None:
        if found := self._find(handler, name, revision):
            repo, commit = found
            self._send_json(handler, repo, repo.tree(commit))

    def _send_json(self, handler: Handler, repo: FakeRepo, value: object) -> None:
        answer = File(json.dumps(value).encode(), faults=[repo.next_fault()])
        give(handler, answer, answer.reply({}))

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
        if path.endswith(LARGE) and repo.store is not None:
            headers = {"X_Linked_ETag": f'"{etag(path, content)}"', "X_Repo_Commit": commit}
            headers |= {"X_Linked_Size": str(len(content))}
            place = f"{repo.store}/store/{name.replace('/', ':')}/{commit}/{quote(path)}"
            return send(handler, 302, b"", Location=place, **headers)
        return self._send_body(handler, repo, commit, path)

    def _send_body(self, handler: Handler, repo: FakeRepo, commit: str, path: str) -> None:
        body = repo.body(commit, path)
        if handler.command == "HEAD":
            content = repo.commits[commit][path]
            headers = {"ETag": f'"{etag(path, content)}"', "X-Repo-Commit": commit} | repo.headers
            if path in repo.xet:
                headers |= {"X-Xet-Hash": repo.xet[path], "X-Xet-Refresh-Route": f"{self.url}/xet"}
            return send(handler, 200, content, **headers)
        reply = body.reply(dict(handler.headers))
        reply.headers |= {"X-Repo-Commit": commit} | repo.headers
        return give(handler, body, reply)


def point_to(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the library's server and cache, in this process and its children."""
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
