"""Connections of the server: parses requests and sends responses."""

from __future__ import annotations

import contextlib
import http.server
import io
import logging
import re
import socket
import socketserver
import threading
import time
from http import HTTPStatus
from typing import BinaryIO, cast
from urllib.parse import parse_qs, unquote

from hub.server.http import Body, Content, Handle, HttpError, Limits, Request, Response

_log = logging.getLogger("hub.server")

_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}(?::[0-9]{1,5})?|\[[0-9a-fA-F:.]{2,45}\](?::[0-9]{1,5})?")
_ONCE = ("authorization", "content-length", "host", "range", "transfer-encoding")
_MAX_LINE = 8 << 10  # bytes
_MAX_FIELDS = 100  # of a query
_COPY = 1 << 16  # bytes


class ConnectionServer(socketserver.ThreadingTCPServer):
    """Accepts connections, each in its own thread, up to the limit of clients."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handle: Handle, limits: Limits) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.handle = handle
        self.limits = limits
        self.closing = False
        self._slots = threading.BoundedSemaphore(limits.clients)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(address, _Connection)

    @property
    def crowded(self) -> bool:
        """True if idle connections should be closed for waiting clients."""
        return len(self._open) * 4 > self.limits.clients * 3

    def process_request(self, request: object, client_address: object) -> None:
        """Serve a connection once a thread is free; further ones wait in the backlog."""
        connection = cast(socket.socket, request)
        while not self._slots.acquire(timeout=0.1):
            if self.closing:
                self.shutdown_request(connection)
                return
        with self._lock:
            self._open.add(connection)
        super().process_request(connection, client_address)

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Serve a connection to its end."""
        connection = cast(socket.socket, request)
        try:
            super().process_request_thread(connection, client_address)
        finally:
            with self._lock:
                self._open.discard(connection)
            self._slots.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Log an unexpected error of a connection."""
        _log.exception("a connection was closed")

    def close(self) -> None:
        """Stop serving and close all connections."""
        self.closing = True
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _HeadReader(io.RawIOBase):
    """Reads from a socket, with limits of time and size for the head of a request."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        super().__init__()
        self._connection = connection
        self._limits = limits
        self._deadline: float | None = None
        self._left: int | None = None

    def begin_head(self) -> None:
        """Expect a request; its time counts from its first byte."""
        self._deadline = None
        self._left = self._limits.head_size
        self._connection.settimeout(self._limits.idle)

    def end_head(self) -> None:
        """End the limits of the head; the body has other limits."""
        self._left = None
        self._connection.settimeout(self._limits.stall)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        if self._left is not None and self._deadline is not None:
            if self._left <= 0:
                raise HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too large")
            if (remaining := self._deadline - time.monotonic()) <= 0:
                raise TimeoutError("the head of the request took too long")
            self._connection.settimeout(remaining)
        count = self._connection.recv_into(cast(bytearray, buffer))
        if self._left is not None:
            self._left -= count
            if self._deadline is None:
                self._deadline = time.monotonic() + self._limits.head_time
        return count


class _Connection(http.server.BaseHTTPRequestHandler):
    """One client, from its first request to the last."""

    protocol_version = "HTTP/1.1"
    server_version = "bestiary-hub"
    sys_version = ""
    disable_nagle_algorithm = True
    server: ConnectionServer

    def setup(self) -> None:
        """Replace the socket's reader by the bounded one."""
        super().setup()
        self._reader = _HeadReader(self.connection, self.server.limits)
        self.rfile = io.BufferedReader(self._reader)
        self._began = 0.0

    def handle(self) -> None:
        """Serve until either side closes the connection."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def handle_one_request(self) -> None:
        """Read a request, send the response and log both."""
        self.close_connection = True
        self.command, self.path, self.requestline = "?", "?", ""
        self.request_version = self.protocol_version
        try:
            if not self._read_head():
                return
            request = self._request()
            try:
                response = self.server.handle(request)
            except HttpError as error:
                response = _error(error)
            except Exception:
                _log.exception("%s %s failed", self.command, self._shown_path())
                failure = HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed")
                response = _error(failure)
            self._drain(request.body)
        except HttpError as error:  # malformed: the position of the next request is unknown
            response = _error(error)
            self.close_connection = True
        self._answer(response)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Convert an error of the standard library's parser to a response."""
        raise HttpError(HTTPStatus(code), message or HTTPStatus(code).phrase)

    def handle_expect_100(self) -> bool:
        """Delay 100 Continue until the body is read."""
        return True

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: `_answer` does."""

    def _read_head(self) -> bool:
        """Read request line and headers; False at the end of the connection."""
        self._reader.begin_head()
        self.raw_requestline = self.rfile.readline(_MAX_LINE + 1)
        self._began = time.monotonic()
        if len(self.raw_requestline) > _MAX_LINE:
            raise HttpError(HTTPStatus.REQUEST_URI_TOO_LONG, "the request line is too long")
        if not self.raw_requestline or not self.parse_request():
            return False
        self._reader.end_head()
        return True

    def _request(self) -> Request:
        if self.headers.defects or self.request_version == "HTTP/0.9":
            raise HttpError(HTTPStatus.BAD_REQUEST, "the head of the request is malformed")
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            if key in headers and key in _ONCE:
                raise HttpError(HTTPStatus.BAD_REQUEST, f"the header {key} is sent twice")
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        host = headers.get("host", "{}:{}".format(*self.server.server_address[:2]))
        if not _HOST.fullmatch(host):
            raise HttpError(HTTPStatus.BAD_REQUEST, "the header host is malformed")
        path, _, query = self.path.partition("?")
        try:
            fields = parse_qs(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
            segments = [unquote(part, errors="strict") for part in path.split("/")[1:]]
        except ValueError:
            raise HttpError(HTTPStatus.BAD_REQUEST, "the address is malformed") from None
        body = Body(cast(BinaryIO, self.rfile), headers, self._continue)
        return Request(self.command, segments, fields, headers, f"http://{host}", body)

    def _continue(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _drain(self, body: Body) -> None:
        """Read the rest of a body, or close the connection if it is large."""
        left = self.server.limits.drain
        if not body.done and self.headers.get("Expect"):
            self.close_connection = True
            return
        while not body.done and left > 0:
            left -= len(body.read(_COPY))
        self.close_connection |= not body.done

    def _answer(self, response: Response) -> None:
        self.close_connection |= self.server.crowded or self.server.closing
        head = [f"HTTP/1.1 {response.status.value} {response.status.phrase}"]
        fields = {"Server": self.version_string(), "Date": self.date_time_string()}
        if response.status != HTTPStatus.NOT_MODIFIED:
            fields["Content-Length"] = str(response.length)
        if self.close_connection:
            fields["Connection"] = "close"
        head += [f"{name}: {value}" for name, value in {**fields, **response.headers}.items()]
        content: bytes | Content = b"" if self.command == "HEAD" else response.content
        raw = "\r\n".join([*head, "", ""]).encode("latin-1", "replace")
        sent = 0
        try:
            if isinstance(content, bytes):
                self.connection.sendall(raw + content)
                sent = len(content)
            else:
                self.connection.sendall(raw, socket.MSG_MORE)
                sent = self._send_file(content)
        finally:
            if isinstance(response.content, Content):
                response.content.file.close()
            self._log_request(response, sent)

    def _send_file(self, content: Content) -> int:
        count = content.stop - content.start
        # A count of 0 would mean the whole file.
        sent = self.connection.sendfile(content.file, content.start, count) if count else 0
        if sent != count:
            self.close_connection = True  # the file was truncated; the client must not wait
        return sent

    def _log_request(self, response: Response, sent: int) -> None:
        took = (time.monotonic() - self._began) * 1000
        _log.info(
            "%s %s %s %d %d B %.0f ms",
            self.client_address[0],
            str(self.command)[:16],
            self._shown_path(),
            response.status,
            sent,
            took,
        )

    def _shown_path(self) -> str:
        """The path as it may be logged: queries carry keys, and control characters mislead."""
        path = self.path.partition("?")[0][:512]
        return path.encode("unicode_escape").decode("ascii")


def _error(error: HttpError) -> Response:
    message = str(error).encode("ascii", "replace").decode()
    headers = {"X-Error-Message": " ".join(message.split())}
    if error.code:
        headers["X-Error-Code"] = error.code
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    headers |= error.headers
    return Response.json({"error": str(error)}, error.status, headers)
