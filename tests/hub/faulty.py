"""A web server with ranges and configurable faults."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.hub.loopback import Handler, Loopback


@dataclass
class Reply:
    """A response before it is sent, for faults to modify."""

    status: int
    headers: dict[str, str]
    body: bytes
    start: int  # offset of the body in the file
    sent: int | None = None  # bytes of the body after which the connection is cut
    pause: float = 0.0  # seconds of silence before the cut
    hold: float = 0.0  # seconds of silence before the headers
    step: int | None = None  # bytes per write
    delay: float = 0.0  # seconds between writes


Fault = Callable[["File", Reply], None]


@dataclass
class File:
    """A file on the server. Each request consumes one fault."""

    content: bytes
    etag: str | None = None
    faults: list[Fault | None] = field(default_factory=list)
    ranges: bool = True
    served: int = 0  # bytes of bodies sent
    requests: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, content: bytes) -> None:
        """Replace the file by another version with another ETag."""
        self.content = content
        self.etag = f'"{hashlib.md5(content).hexdigest()}"'

    def reply(self, headers: dict[str, str]) -> Reply:
        with self.lock:
            self.requests.append(headers)
            fault = self.faults.pop(0) if self.faults else None
            reply = self._whole_or_range(headers)
        if fault is not None:
            fault(self, reply)
        return reply

    def _whole_or_range(self, headers: dict[str, str]) -> Reply:
        size = len(self.content)
        fields = {"Content-Type": "application/octet-stream"}
        if self.etag is not None:
            fields["ETag"] = self.etag
        if self.ranges:
            fields["Accept-Ranges"] = "bytes"
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", ""))
        if not wanted or not self.ranges or headers.get("If-Range", self.etag) != self.etag:
            return Reply(200, fields | {"Content-Length": str(size)}, self.content, 0)
        start, end = int(wanted[1]), min(int(wanted[2] or size) + 1, size)
        if start >= size:
            return Reply(416, fields | {"Content-Range": f"bytes */{size}"}, b"", 0)
        body = self.content[start:end]
        fields["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return Reply(206, fields | {"Content-Length": str(len(body))}, body, start)


class FaultyServer(Loopback):
    """Serves `files` by their paths."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        super().__init__()

    def add(self, path: str, file: File) -> str:
        """Serve a file and return its URL."""
        self.files[path] = file
        return self.url + path

    def answer(self, handler: Handler) -> None:
        file = self.files.get(handler.path.partition("?")[0])
        if file is None:
            handler.send_error(404)
        else:
            give(handler, file, file.reply(dict(handler.headers)))


def give(handler: Handler, file: File, reply: Reply) -> None:
    """Send a reply as modified by a fault."""
    time.sleep(reply.hold)
    handler.send_response(reply.status)
    reply.headers.setdefault("Content-Length", str(len(reply.body)))
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    body = reply.body if reply.sent is None else reply.body[: reply.sent]
    step = reply.step or max(len(body), 1)
    for start in range(0, len(body), step):
        handler.wfile.write(body[start : start + step])
        file.served += len(body[start : start + step])
        time.sleep(reply.delay)
    if reply.sent is not None:
        handler.wfile.flush()
        time.sleep(reply.pause)
        handler.close_connection = True


# The faults.


def cut(sixteenths: int) -> Fault:
    """Close the connection after a number of sixteenths of the body."""

    def fault(file: File, reply: Reply) -> None:
        reply.sent = len(reply.body) * sixteenths // 16

    return fault


def stall(sixteenths: int, seconds: float) -> Fault:
    """Stop sending after a number of sixteenths of the body."""

    def fault(file: File, reply: Reply) -> None:
        reply.sent = len(reply.body) * sixteenths // 16
        reply.pause = seconds

    return fault


def hold(seconds: float) -> Fault:
    """Wait before a correct answer."""

    def fault(file: File, reply: Reply) -> None:
        reply.hold = seconds

    return fault


def drip(step: int, delay: float) -> Fault:
    """Send a few bytes at a time."""

    def fault(file: File, reply: Reply) -> None:
        reply.step, reply.delay = step, delay

    return fault


def status(code: int, retry_after: str | None = None) -> Fault:
    """Answer with an error."""

    def fault(file: File, reply: Reply) -> None:
        reply.status, reply.body = code, b"sorry"
        reply.headers = {} if retry_after is None else {"Retry-After": retry_after}

    return fault


def flip(position: float) -> Fault:
    """Change a bit; `position` is the part of the body before it."""

    def fault(file: File, reply: Reply) -> None:
        if reply.body:
            body = bytearray(reply.body)
            body[int(len(body) * position)] ^= 1
            reply.body = bytes(body)

    return fault


def shorter(count: int) -> Fault:
    """Announce and send less than the file."""

    def fault(file: File, reply: Reply) -> None:
        reply.body = reply.body[: max(0, len(reply.body) - count)]
        reply.headers["Content-Length"] = str(len(reply.body))

    return fault


def longer(count: int) -> Fault:
    """Announce and send more than the file."""

    def fault(file: File, reply: Reply) -> None:
        reply.body += bytes(count)
        reply.headers["Content-Length"] = str(len(reply.body))

    return fault


def ignore_range(file: File, reply: Reply) -> None:
    """Answer any range with the whole file."""
    reply.status, reply.body, reply.start = 200, file.content, 0
    reply.headers.pop("Content-Range", None)
    reply.headers["Content-Length"] = str(len(file.content))


def shift_range(file: File, reply: Reply) -> None:
    """Answer a range with the preceding one."""
    if reply.status == 206 and reply.start:
        start, end = reply.start - 1, reply.start - 1 + len(reply.body)
        reply.body = file.content[start:end]
        reply.headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(file.content)}"


def web_page(file: File, reply: Reply) -> None:
    """Answer with a login page."""
    reply.status, reply.body = 200, b"<!DOCTYPE html><title>Please log in</title>"
    reply.headers = {"Content-Type": "text/html"}


def change(content: bytes, sixteenths: int) -> Fault:
    """Close the connection in the middle, and replace the file by another version."""

    def fault(file: File, reply: Reply) -> None:
        reply.sent = len(reply.body) * sixteenths // 16
        file.change(content)

    return fault
