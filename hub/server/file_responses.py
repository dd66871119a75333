"""Responses with a file: validators, conditions and ranges (RFC 9110)."""

from __future__ import annotations

import os
import re
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import quote

from hub.disk import Stamp
from hub.server.http import Content, HttpError, Request, Response
from hub.server.tree import Entry

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
# Media types that browsers do not run as pages of this server.
_TEXT = frozenset((".json", ".md", ".txt", ".yaml", ".yml", ".py", ".csv", ".jinja"))


class FileChangedError(Exception):
    """The file has changed since it was hashed."""


def file_response(request: Request, entry: Entry, commit: str) -> Response:
    """The response to a request for a file; FileChangedError if it changed since it was hashed."""
    headers = _headers(entry, commit)
    if _matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(HTTPStatus.NOT_MODIFIED, headers)
    start, stop = 0, entry.size
    status = HTTPStatus.OK
    wanted = request.headers.get("range")
    if wanted is not None and request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        span = _parse_range(wanted, entry.size)
        if span is not None:
            start, stop = span
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{entry.size}"
    return Response(status, headers, Content(_open(entry), start, stop))


def _open(entry: Entry) -> BinaryIO:
    try:
        file = entry.file.open("rb", buffering=0)
    except OSError as error:
        raise FileChangedError(entry.path) from error
    status = os.fstat(file.fileno())
    if Stamp(status.st_size, status.st_mtime_ns, status.st_ino) != entry.stamp:
        file.close()
        raise FileChangedError(entry.path)
    return file


def _headers(entry: Entry, commit: str) -> dict[str, str]:
    name = entry.path.rpartition("/")[2]
    is_text = os.path.splitext(name)[1].lower() in _TEXT and not entry.sha256
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}",
        "Content-Type": "text/plain; charset=utf-8" if is_text else "application/octet-stream",
        "ETag": f'"{entry.etag}"',
        "X-Content-Type-Options": "nosniff",
        "X-Repo-Commit": commit,
    }
    if entry.sha256:
        headers |= {"X-Linked-Etag": f'"{entry.sha256}"', "X-Linked-Size": str(entry.size)}
    return headers


def _matches(condition: str | None, etag: str) -> bool:
    """True if a list of entity tags contains this one, by weak comparison."""
    if condition is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in condition.split(",")]
    return "*" in tags or etag in tags


def _parse_range(text: str, size: int) -> tuple[int, int] | None:
    """Start and end of a range; None if it is ignored: several ranges, other units.

    Raises HttpError if it contains no byte of the file.
    """
    found = _RANGE.fullmatch(text.strip())
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return None
    if start >= size or start >= stop:
        raise HttpError(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"the file has {size} bytes",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, stop
