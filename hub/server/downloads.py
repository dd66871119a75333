"""Requests that read repositories, with the routes and fields of the public hub's API."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qs, quote, urlencode

from hub.server.file_responses import FileChangedError, file_response
from hub.server.http import HttpError, Request, Response
from hub.server.store import (
    RepositoryNotFoundError,
    RevisionNotFoundError,
    Snapshot,
    Store,
)
from hub.server.tree import Entry, lfs_pointer

_PAGE = 1000
_MAX_PATHS = 10_000
_MAX_JSON = 1 << 20  # bytes of a config.json included in the listing


class Downloads:
    """Handles read requests."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def file(self, request: Request, repository: str, revision: str, path: str) -> Response:
        """The file itself."""
        for fresh in (False, True):
            snapshot = self.snapshot(repository, revision, fresh=fresh)
            entry = snapshot.tree.entries.get(path)
            if entry is None:
                raise _no_entry(snapshot, path)
            try:
                return file_response(request, entry, snapshot.commit)
            except FileChangedError:
                self._store.forget(snapshot.folder)
        raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, f"{path}: is being written to")

    def info(self, request: Request, repository: str, revision: str) -> Response:
        """The fields of `HfApi.model_info`."""
        return Response.json(self._info(self.snapshot(repository, revision), request))

    def models(self, request: Request) -> Response:
        """The repositories, page by page, filtered by name."""
        search = request.query.get("search", [""])[-1].lower()
        author = request.query.get("author", [""])[-1]
        names = [
            name
            for name in self._store.repositories()
            if search in name.lower() and (not author or name.startswith(f"{author}/"))
        ]
        page, headers = _page(request, names, "/api/models")
        found = [self._summary(name) for name in page]
        return Response.json([item for item in found if item], headers=headers)

    def tree(self, request: Request, repository: str, revision: str, path: str) -> Response:
        """The files and folders in a folder, or at any depth below it."""
        snapshot = self.snapshot(repository, revision)
        if path not in snapshot.tree.folders:
            raise _no_entry(snapshot, path)
        prefix = f"{path}/" if path else ""
        listing = _listing(snapshot, prefix, request.flag("recursive"))
        address = "/".join(quote(part, safe="") for part in (revision, *path.split("/")) if part)
        page, headers = _page(request, listing, f"/api/models/{repository}/tree/{address}")
        described = [_describe(snapshot, item, request.flag("expand")) for item in page]
        return Response.json(described, headers={**headers, "X-Repo-Commit": snapshot.commit})

    def paths_info(self, request: Request, repository: str, revision: str) -> Response:
        """The entries of the given paths; missing ones are omitted."""
        snapshot = self.snapshot(repository, revision)
        paths, expand = _asked_paths(request)
        known = {**snapshot.tree.folders, **snapshot.tree.entries}
        found = [path.strip("/") for path in paths if path.strip("/") in known]
        return Response.json([_describe(snapshot, path, expand) for path in found if path])

    def refs(self, repository: str) -> Response:
        """The branches; tags are listed as branches."""
        self.snapshot(repository, "main")
        branches = [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": commit}
            for name, commit in self._store.refs(repository).items()
        ]
        return Response.json({"branches": branches, "tags": [], "converts": [], "pullRequests": []})

    def commits(self, repository: str, revision: str) -> Response:
        """The commit of a revision, without history."""
        snapshot = self.snapshot(repository, revision)
        commit = {"id": snapshot.commit, "title": "Snapshot", "message": "", "authors": []}
        return Response.json([{**commit, "date": _date(snapshot)}])

    def snapshot(self, repository: str, revision: str, *, fresh: bool = True) -> Snapshot:
        """A repository at a revision; HttpError with the public hub's code if there is none."""
        try:
            return self._store.resolve(repository, revision, fresh=fresh)
        except RepositoryNotFoundError as error:
            raise HttpError(HTTPStatus.NOT_FOUND, str(error), "RepoNotFound") from None
        except RevisionNotFoundError as error:
            raise HttpError(HTTPStatus.NOT_FOUND, str(error), "RevisionNotFound") from None

    def _summary(self, repository: str) -> dict[str, object] | None:
        try:
            snapshot = self._store.resolve(repository, "main")
        except (RepositoryNotFoundError, RevisionNotFoundError):  # removed meanwhile
            return None
        return _facts(snapshot)

    def _info(self, snapshot: Snapshot, request: Request) -> dict[str, object]:
        blobs = request.flag("blobs")
        siblings = [_sibling(entry, blobs) for entry in snapshot.tree.entries.values()]
        used = sum(entry.size for entry in snapshot.tree.entries.values())
        config = _read_json(snapshot.tree.entries.get("config.json"))
        shown = ("architectures", "model_type")
        return {
            **_facts(snapshot),
            "siblings": siblings,
            "usedStorage": used,
            "config": {key: config[key] for key in shown if key in config},
            "spaces": [],
        }


def _facts(snapshot: Snapshot) -> dict[str, object]:
    namespace, slash, _ = snapshot.repository.partition("/")
    return {
        "_id": snapshot.commit[:24],
        "id": snapshot.repository,
        "modelId": snapshot.repository,
        "author": namespace if slash else None,
        "sha": snapshot.commit,
        "lastModified": _date(snapshot),
        "createdAt": _date(snapshot),
        "private": False,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
    }


def _date(snapshot: Snapshot) -> str:
    """The modification time of the newest file."""
    times = (entry.stamp.mtime_ns for entry in snapshot.tree.entries.values())
    date = datetime.fromtimestamp(max(times, default=0) / 1e9, UTC)
    return date.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _sibling(entry: Entry, blobs: bool) -> dict[str, object]:
    if not blobs:
        return {"rfilename": entry.path}
    sibling = {"rfilename": entry.path, "size": entry.size, "blobId": entry.oid}
    return {**sibling, "lfs": {"sha256": entry.sha256, **_lfs(entry)}} if entry.sha256 else sibling


def _lfs(entry: Entry) -> dict[str, object]:
    pointer = lfs_pointer(entry.sha256 or "", entry.size)
    return {"size": entry.size, "pointerSize": len(pointer)}


def _listing(snapshot: Snapshot, prefix: str, recursive: bool) -> list[str]:
    paths = [path for path in (*snapshot.tree.folders, *snapshot.tree.entries) if path]
    below = [path for path in paths if path.startswith(prefix)]
    return sorted(path for path in below if recursive or "/" not in path[len(prefix) :])


def _describe(snapshot: Snapshot, path: str, expand: bool) -> dict[str, object]:
    entry = snapshot.tree.entries.get(path)
    if entry is None:
        described = {"type": "directory", "oid": snapshot.tree.folders[path], "size": 0}
    else:
        described = {"type": "file", "oid": entry.oid, "size": entry.size}
        if entry.sha256:
            described["lfs"] = {"oid": entry.sha256, **_lfs(entry)}
    if expand:
        commit = {"id": snapshot.commit, "title": "Snapshot", "date": _date(snapshot)}
        described["lastCommit"] = commit
    return {**described, "path": path}


def _asked_paths(request: Request) -> tuple[list[str], bool]:
    """The paths of a request's body, which is a form or JSON."""
    if "json" in request.headers.get("content-type", ""):
        value = request.json()
        paths = value.get("paths") if isinstance(value, dict) else None
        expand = isinstance(value, dict) and value.get("expand") is True
    else:
        text = request.body.read_all(4 << 20).decode("utf-8", "replace")
        fields = parse_qs(text, max_num_fields=_MAX_PATHS + 1)
        paths = fields.get("paths", [])
        expand = fields.get("expand", ["false"])[-1].lower() == "true"
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise HttpError(HTTPStatus.BAD_REQUEST, "paths: expected a list of text")
    return paths, expand


def _page(request: Request, items: list[str], address: str) -> tuple[list[str], dict[str, str]]:
    """One page of sorted items and the header that leads to the next.

    The cursor is the last item of the page before, so that no item is skipped or repeated when
    others are added or removed.
    """
    try:
        limit = min(_PAGE, max(1, int(request.query.get("limit", [str(_PAGE)])[-1])))
        cursor = base64.urlsafe_b64decode(request.query.get("cursor", [""])[-1]).decode()
    except ValueError:
        raise HttpError(HTTPStatus.BAD_REQUEST, "limit or cursor is malformed") from None
    rest = [item for item in items if item > cursor]
    page = rest[:limit]
    if len(rest) <= limit:
        return page, {}
    fields = {name: values[-1] for name, values in request.query.items()}
    fields["cursor"] = base64.urlsafe_b64encode(page[-1].encode()).decode()
    url = f"{request.base_url}{address}?{urlencode(fields)}"
    return page, {"Link": f'<{url}>; rel="next"'}


def _read_json(entry: Entry | None) -> dict[str, object]:
    if entry is None or entry.size > _MAX_JSON:
        return {}
    try:
        value = json.loads(entry.file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _no_entry(snapshot: Snapshot, path: str) -> HttpError:
    return HttpError(
        HTTPStatus.NOT_FOUND,
        f"{snapshot.repository}: has no {path!r} at {snapshot.commit}",
        "EntryNotFound",
        {"X-Repo-Commit": snapshot.commit},
    )
