"""HTTP requests and responses, their bodies, and the limits of a client."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO

_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?\n")
_MAX_CHUNK_LINE = 256
_MAX_TRAILERS = 16
_COPY = 1 << 20  # bytes


@dataclass(frozen=True)
class Limits:
    """Limits of a client. Times are in seconds, sizes in bytes."""

    clients: int = 64  # at a time; others wait
    idle: float = 15.0  # between two requests
    head_time: float = 10.0  # from the first byte of a request to the end of its headers
    head_size: int = 32 << 10
    stall: float = 30.0  # without a byte received or sent
    drain: int = 1 << 20  # of an unread body, so that the client sees the response


class HttpError(Exception):
    """An error response. `code` is the value of `X-Error-Code`."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


@dataclass
class Request:
    """A request. `segments` are the decoded parts of the path, `body` reads the request's body.

    The names of `headers` are in lower case.
    """

    method: str
    segments: list[str]
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    base_url: str
    body: Body

    def flag(self, name: str) -> bool:
        """True if the query has `name=true`, in any of the spellings of clients."""
        return self.query.get(name, ["false"])[-1].lower() in ("1", "true")

    def json(self, limit: int = 4 << 20) -> Any:
        """The body as JSON; HttpError if it is none."""
        try:
            return json.loads(self.body.read_all(limit))
        except (ValueError, RecursionError) as error:
            raise HttpError(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from None


@dataclass(frozen=True)
class Content:
    """The bytes of a file from `start` to `stop`; the sender closes the file."""

    file: BinaryIO
    start: int
    stop: int


@dataclass(frozen=True)
class Response:
    """A response. To a HEAD request only its headers are sent."""

    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Content = b""

    @property
    def length(self) -> int:
        """The bytes of the body."""
        content = self.content
        return len(content) if isinstance(content, bytes) else content.stop - content.start

    @classmethod
    def json(
        cls,
        value: object,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A response in JSON."""
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, {**kind, **(headers or {})}, json.dumps(value).encode())


Handle = Callable[[Request], Response]


class Body:
    """The body of a request: with Content-Length or chunked, read piece by piece."""

    def __init__(self, stream: BinaryIO, headers: Mapping[str, str], begin: Callable[[], None]):
        coding = headers.get("transfer-encoding", "").strip().lower()
        length = headers.get("content-length")
        if coding not in ("", "chunked") or (coding and length is not None):
            raise HttpError(HTTPStatus.BAD_REQUEST, "the length of the body is not clear")
        if length is not None and not _LENGTH.fullmatch(length):
            raise HttpError(HTTPStatus.BAD_REQUEST, "Content-Length is not a number of bytes")
        self._stream = stream
        self._begin: Callable[[], None] | None = begin
        self._chunked = coding == "chunked"
        self._left = int(length or 0)
        self.done = not self._chunked and not self._left

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes, none at the end; HttpError where the body is cut short."""
        if self._begin is not None and not self.done:
            self._begin()
            self._begin = None
        if self._chunked and not self._left and not self.done:
            self._next_chunk()
        if self.done:
            return b""
        data = self._stream.read(min(size, self._left))
        if not data:
            raise HttpError(HTTPStatus.BAD_REQUEST, "the body is cut short")
        self._left -= len(data)
        if not self._left:
            self._end_of_chunk()
        return data

    def read_all(self, limit: int) -> bytes:
        """Read the whole body; HttpError if it has more than `limit` bytes."""
        parts = []
        while data := self.read(_COPY):
            parts.append(data)
            limit -= len(data)
            if limit < 0:
                raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        return b"".join(parts)

    def _next_chunk(self) -> None:
        found = _CHUNK_SIZE.fullmatch(self._stream.readline(_MAX_CHUNK_LINE))
        if not found:
            raise HttpError(HTTPStatus.BAD_REQUEST, "a chunk of the body is malformed")
        self._left = int(found[1], 16)
        if not self._left:
            # Trailers are ignored; an empty line ends them.
            lines = (self._stream.readline(_MAX_CHUNK_LINE) for _ in range(_MAX_TRAILERS))
            self.done = any(line in (b"\r\n", b"\n") for line in lines)
            if not self.done:
                raise HttpError(HTTPStatus.BAD_REQUEST, "the body has no end")

    def _end_of_chunk(self) -> None:
        if not self._chunked:
            self.done = True
        elif self._stream.readline(_MAX_CHUNK_LINE) not in (b"\r\n", b"\n"):
            raise HttpError(HTTPStatus.BAD_REQUEST, "a chunk of the body has no end")
