"""Routes: maps addresses to handlers."""

from __future__ import annotations

import logging
from http import HTTPStatus

from hub.server.auth import Guard
from hub.server.downloads import Downloads
from hub.server.http import HttpError, Request, Response
from hub.server.uploads import Uploads

_log = logging.getLogger("hub.server")

# The same for every client, as there are tokens but no accounts.
_WHO = {
    "type": "user",
    "id": "0",
    "name": "hub",
    "fullname": "a user of this server",
    "isPro": False,
    "orgs": [],
    "auth": {"type": "access_token", "accessToken": {"displayName": "token", "role": "write"}},
}
_NO_XET = "set HF_HUB_DISABLE_XET=1 on the client"
_VERBS = frozenset(
    ("auth-check", "commit", "commits", "paths-info", "preupload", "refs", "revision", "tree")
    + ("xet-read-token", "xet-write-token")
)


class Routes:
    """Dispatches requests to downloads and uploads, after checking their token."""

    def __init__(self, guard: Guard, downloads: Downloads, uploads: Uploads) -> None:
        self._guard = guard
        self._downloads = downloads
        self._uploads = uploads

    def __call__(self, request: Request) -> Response:
        """The response to a request; HttpError if there is none."""
        segments = request.segments
        if request.method == "PUT":  # carries its own key
            return self._put(request)
        self._guard.check(request.headers)
        if segments[0] == "api" and len(segments) > 1:
            return self._api(request, segments[1:])
        for at in (2, 1):
            if len(segments) > at + 2 and segments[at] == "resolve":
                repository = "/".join(segments[:at])
                if request.method not in ("GET", "HEAD"):
                    break
                path = "/".join(segments[at + 2 :])
                return self._downloads.file(request, repository, segments[at + 1], path)
        repository, rest = _split_git(segments)
        if request.method == "POST" and rest == ["info", "lfs", "objects", "batch"]:
            return self._uploads.batch(request, repository)
        raise _unknown(request)

    def _put(self, request: Request) -> Response:
        repository, rest = _split_git(request.segments)
        if len(rest) != 2 or rest[0] != "lfs":
            raise _unknown(request)
        return self._uploads.put(request, repository, rest[1])

    def _api(self, request: Request, segments: list[str]) -> Response:
        if segments[0] == "models" and len(segments) > 1:
            return self._model(request, segments[1:])
        method = "GET" if request.method == "HEAD" else request.method
        match method, segments:
            case "GET", ["models"]:
                return self._downloads.models(request)
            case "GET", ["whoami-v2"]:
                return Response.json(_WHO)
            case "POST", ["repos", "create"]:
                return self._uploads.create(request)
            case "POST", ["validate-yaml"]:
                return Response.json({"errors": [], "warnings": []})
        raise _unknown(request)

    def _model(self, request: Request, segments: list[str]) -> Response:
        at = next((at for at in (2, 1) if len(segments) > at and segments[at] in _VERBS), None)
        repository = "/".join(segments[:at])
        rest = segments[at:] if at is not None else []
        method = "GET" if request.method == "HEAD" else request.method
        match method, rest:
            case "GET", []:
                return self._downloads.info(request, repository, "main")
            case "GET", ["revision", revision]:
                return self._downloads.info(request, repository, revision)
            case "GET", ["tree", revision, *path]:
                return self._downloads.tree(request, repository, revision, "/".join(path))
            case "GET", ["refs"]:
                return self._downloads.refs(repository)
            case "GET", ["commits", revision]:
                return self._downloads.commits(repository, revision)
            case "GET", ["auth-check"]:
                self._downloads.snapshot(repository, "main")
                return Response.json({})
            case "POST", ["paths-info", revision]:
                return self._downloads.paths_info(request, repository, revision)
            case "POST", ["preupload", revision]:
                return self._uploads.preupload(request, repository, revision)
            case "POST", ["commit", revision]:
                return self._uploads.commit(request, repository, revision)
            case "GET", ["auth-check", "write"]:
                self._uploads.check_allowed()
                return Response.json({})
            case "GET", ["xet-read-token" | "xet-write-token", *_]:
                # The library hides this response from its user, but not from the log.
                _log.warning("%r: uploads by Xet are not taken, %s", repository, _NO_XET)
                raise HttpError(
                    HTTPStatus.NOT_FOUND,
                    f"this server has no Xet storage: {_NO_XET}",
                )
        raise _unknown(request)


def _split_git(segments: list[str]) -> tuple[str, list[str]]:
    """The repository and the rest of an address like ORG/NAME.git/..."""
    for at in (1, 0):
        if len(segments) > at and segments[at].endswith(".git"):
            return "/".join(segments[: at + 1]).removesuffix(".git"), segments[at + 1 :]
    return "", []


def _unknown(request: Request) -> HttpError:
    path = "/".join(request.segments)
    is_other_kind = request.segments[:1] == ["api"] and request.segments[1:2] != ["models"]
    return HttpError(
        HTTPStatus.NOT_FOUND,
        f"{request.method} /{path}: this server of models has no such address",
        "RepoNotFound" if is_other_kind else None,
    )
