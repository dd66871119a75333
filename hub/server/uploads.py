"""Uploads, by the protocols of the public hub's API and of Git LFS."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hub.errors import RefError
from hub.refs import check_member
from hub.server.auth import Guard
from hub.server.downloads import Downloads
from hub.server.http import Body, HttpError, Request, Response
from hub.server.publishing import ConflictError, Publisher
from hub.server.store import Snapshot, is_repository_id
from hub.server.tree import is_lfs, is_visible

_OID = re.compile(r"[0-9a-f]{64}")
_COPY = 1 << 20  # bytes
_MAX_LINE = 32 << 20  # bytes: more than a file of LFS_SIZE in base64
_MAX_PATH = 1024  # bytes
_MAX_PART = 255  # bytes


class Uploads:
    """Handles requests that change repositories, if that is allowed."""

    def __init__(
        self, downloads: Downloads, publisher: Publisher, guard: Guard, allowed: bool
    ) -> None:
        self._downloads = downloads
        self._publisher = publisher
        self._guard = guard
        self._allowed = allowed

    def check_allowed(self) -> None:
        """Raise HttpError if this server accepts no uploads."""
        if not self._allowed:
            raise HttpError(
                HTTPStatus.FORBIDDEN, "this server is read-only: it was started without uploads"
            )

    def create(self, request: Request) -> Response:
        """Create an empty repository."""
        self.check_allowed()
        wanted = _object(request.json())
        parts = [wanted.get("organization"), wanted.get("name")]
        if wanted.get("type", "model") != "model":
            raise HttpError(HTTPStatus.BAD_REQUEST, "this server has repositories of models only")
        repository = "/".join(part for part in parts if isinstance(part, str))
        if "/" not in repository or not is_repository_id(repository):
            raise HttpError(HTTPStatus.BAD_REQUEST, "a repository is called ORG/NAME")
        self._publisher.tidy()
        answer = {"url": f"{request.base_url}/{repository}", "name": repository}
        try:
            self._publisher.create(repository)
        except ConflictError as error:
            # Clients with exist_ok also read the address from this response.
            return Response.json({**answer, "error": str(error)}, HTTPStatus.CONFLICT)
        return Response.json(answer)

    def preupload(self, request: Request, repository: str, revision: str) -> Response:
        """Return the upload mode of each file, and the existing ones."""
        self.check_allowed()
        snapshot = self._downloads.snapshot(repository, revision)
        files = _object(request.json()).get("files")
        if not isinstance(files, list):
            raise HttpError(HTTPStatus.BAD_REQUEST, "files: expected a list")
        return Response.json({"files": [_upload_mode(snapshot, _object(file)) for file in files]})

    def batch(self, request: Request, repository: str) -> Response:
        """Return the upload addresses of large files: Git LFS's batch request."""
        self.check_allowed()
        snapshot = self._downloads.snapshot(repository, "main")
        wanted = _object(request.json())
        objects = wanted.get("objects")
        if wanted.get("operation") != "upload" or not isinstance(objects, list):
            raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, "expected objects to upload")
        self._publisher.tidy()
        present = {entry.sha256 for entry in snapshot.tree.entries.values()}
        answers = []
        for item in map(_object, objects):
            oid, size = _oid(item), _size(item)
            answer: dict[str, Any] = {"oid": oid, "size": size}
            if oid not in present and self._publisher.object(oid) is None:
                key = self._guard.key(f"{repository} {oid} {size}")
                query = urlencode({"size": size, "key": key})
                href = f"{request.base_url}/{repository}.git/lfs/{oid}?{query}"
                answer["actions"] = {"upload": {"href": href, "header": {}}}
            answers.append(answer)
        kind = {"Content-Type": "application/vnd.git-lfs+json"}
        return Response.json({"transfer": "basic", "objects": answers}, headers=kind)

    def put(self, request: Request, repository: str, oid: str) -> Response:
        """Receive a large file, stored if its hash is that of its address."""
        self.check_allowed()
        size = _size({"size": int(text) if (text := _field(request, "size")).isdecimal() else text})
        self._guard.check_key(f"{repository} {oid} {size}", _field(request, "key"))
        with self._publisher.workspace() as scratch:
            if shutil.disk_usage(scratch).free < size:
                raise HttpError(HTTPStatus.INSUFFICIENT_STORAGE, f"no space for {size} bytes")
            file = scratch / "body"
            got = _receive(request.body, file, size)
            if got != oid:
                raise HttpError(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    f"what was sent has SHA-256 {got}, expected {oid}",
                )
            self._publisher.add_object(file, oid)
        return Response.json({})

    def commit(self, request: Request, repository: str, revision: str) -> Response:
        """Apply all changes of the request to a repository, or none."""
        self.check_allowed()
        snapshot = self._downloads.snapshot(repository, revision)
        with self._publisher.workspace() as scratch:
            change = _Change(snapshot, self._publisher, scratch)
            for line in _lines(request.body):
                change.apply(line)
            if "/" not in repository and all("/" in path for path in change.files):
                raise HttpError(
                    HTTPStatus.BAD_REQUEST, f"{repository}: needs a file that is in no folder"
                )
            base = snapshot.tree
            try:
                tree = self._publisher.publish(repository, revision, base, change.files, scratch)
            except ConflictError as error:
                raise HttpError(HTTPStatus.PRECONDITION_FAILED, str(error)) from None
            except ValueError as error:
                raise HttpError(HTTPStatus.BAD_REQUEST, str(error)) from None
        url = f"{request.base_url}/{repository}/commit/{tree.commit}"
        return Response.json({"success": True, "commitOid": tree.commit, "commitUrl": url})


class _Change:
    """The files of a repository after applying the lines of a commit."""

    def __init__(self, snapshot: Snapshot, publisher: Publisher, scratch: Path) -> None:
        self.files = {path: entry.file for path, entry in snapshot.tree.entries.items()}
        self._snapshot = snapshot
        self._publisher = publisher
        self._scratch = scratch

    def apply(self, line: bytes) -> None:
        """Apply one line; HttpError if it is invalid."""
        try:
            operation = _object(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise HttpError(HTTPStatus.BAD_REQUEST, f"a line is not JSON: {error}") from None
        value = _object(operation.get("value"))
        match operation.get("key"):
            case "header":
                self._check_parent(value.get("parentCommit"))
            case "file":
                self.files[_path(value)] = self._regular(value)
            case "lfsFile":
                self.files[_path(value)] = self._large(value)
            case "deletedFile":
                self._delete(_path(value), [_path(value)])
            case "deletedFolder":
                folder = _path(value)
                self._delete(folder, [p for p in self.files if p.startswith(f"{folder}/")])
            case key:
                raise HttpError(HTTPStatus.BAD_REQUEST, f"a line of the unknown kind {key!r}")

    def _check_parent(self, parent: object) -> None:
        commit = self._snapshot.commit
        if parent is None or (isinstance(parent, str) and parent and commit.startswith(parent)):
            return
        raise HttpError(
            HTTPStatus.PRECONDITION_FAILED,
            f"{self._snapshot.repository}: is at {commit}, not at {parent}",
        )

    def _regular(self, value: dict[str, Any]) -> Path:
        content = value.get("content")
        if not isinstance(content, str) or value.get("encoding") not in (None, "base64", "utf-8"):
            raise HttpError(HTTPStatus.BAD_REQUEST, "a file's content is not base64 or text")
        try:
            data = content.encode()
            if value.get("encoding") == "base64":
                data = base64.b64decode(data, validate=True)
        except ValueError:
            raise HttpError(HTTPStatus.BAD_REQUEST, "a file's content is malformed") from None
        file = self._new_file()
        file.write_bytes(data)
        return file

    def _large(self, value: dict[str, Any]) -> Path:
        oid = _oid(value)
        there = (entry for entry in self._snapshot.tree.entries.values() if entry.sha256 == oid)
        file = self._publisher.object(oid) or next((entry.file for entry in there), None)
        if file is None or value.get("size", file.stat().st_size) != file.stat().st_size:
            raise HttpError(HTTPStatus.BAD_REQUEST, f"no such large file was uploaded: {oid}")
        return file

    def _delete(self, path: str, paths: list[str]) -> None:
        if not paths or not all(path in self.files for path in paths):
            message = f"{path}: A file with this name doesn't exist"
            raise HttpError(HTTPStatus.NOT_FOUND, message, "EntryNotFound")
        for each in paths:
            del self.files[each]

    def _new_file(self) -> Path:
        return self._scratch / f"file-{len(list(self._scratch.iterdir()))}"


def _upload_mode(snapshot: Snapshot, file: dict[str, Any]) -> dict[str, Any]:
    path, size = file.get("path"), _size(file)
    if not isinstance(path, str):
        raise HttpError(HTTPStatus.BAD_REQUEST, "a file has no path")
    entry = snapshot.tree.entries.get(path)
    return {
        "path": path,
        "uploadMode": "lfs" if is_lfs(path, size) else "regular",
        "shouldIgnore": not all(map(is_visible, path.split("/"))),
        **({"oid": entry.etag} if entry else {}),
    }


def _receive(body: Body, file: Path, size: int) -> str:
    """Write a body to a file and return its SHA-256; HttpError if its size differs."""
    digest = hashlib.sha256()
    left = size
    with file.open("xb") as output:
        while data := body.read(_COPY):
            left -= len(data)
            if left < 0:
                break
            digest.update(data)
            output.write(data)
    if left:
        raise HttpError(HTTPStatus.BAD_REQUEST, f"expected {size} bytes, other were sent")
    return digest.hexdigest()


def _lines(body: Body) -> Iterator[bytes]:
    """The lines of a body; HttpError if one is too long."""
    rest = bytearray()
    while data := body.read(_COPY):
        *lines, last = data.split(b"\n")
        for line in lines:
            yield bytes(rest) + line
            rest.clear()
        rest += last
        if len(rest) > _MAX_LINE:
            raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a line is too long")
    if rest:
        yield bytes(rest)


def _path(value: dict[str, Any]) -> str:
    """The path of a line; HttpError if it is not a valid file name."""
    path = value.get("path")
    if not isinstance(path, str):
        raise HttpError(HTTPStatus.BAD_REQUEST, "a line has no path")
    path = path.removesuffix("/")
    parts = path.split("/")
    try:
        check_member("path", path)
    except RefError as error:
        raise HttpError(HTTPStatus.BAD_REQUEST, str(error)) from None
    if not all(map(is_visible, parts)):
        message = f"{path!r}: hidden and oddly named files are not served"
        raise HttpError(HTTPStatus.BAD_REQUEST, message)
    if len(path.encode()) > _MAX_PATH or any(len(part.encode()) > _MAX_PART for part in parts):
        raise HttpError(HTTPStatus.BAD_REQUEST, f"{path[:80]!r}...: the path is too long")
    return path


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise HttpError(HTTPStatus.BAD_REQUEST, "expected an object of JSON")
    return value


def _oid(value: dict[str, Any]) -> str:
    oid = value.get("oid")
    if not isinstance(oid, str) or not _OID.fullmatch(oid):
        raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, "oid: expected a SHA-256 in hexadecimal")
    return oid


def _size(value: dict[str, Any]) -> int:
    size = value.get("size")
    if type(size) is not int or not 0 <= size < 1 << 60:
        raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, "size: expected a number of bytes")
    return size


def _field(request: Request, name: str) -> str:
    return request.query.get(name, [""])[-1]
