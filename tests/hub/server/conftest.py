"""A folder of models, its server, and raw requests."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.server import Server

_DATA = bytes(range(256)) * 1199
_HEADER = b'{"x":{"dtype":"U8","shape":[306944],"data_offsets":[0,306944]}}'.ljust(248)
WEIGHTS = len(_HEADER).to_bytes(8, "little") + _HEADER + _DATA  # 307,200 bytes of safetensors
CONFIG = b'{"model_type": "bert"}'


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The repository org/tiny with four files, and the repository plain with one."""
    folder = tmp_path / "models"
    for name, content in {
        "org/tiny/config.json": CONFIG,
        "org/tiny/model.safetensors": WEIGHTS,
        "org/tiny/onnx/notes.txt": b"notes",
        "org/tiny/empty.bin": b"",
        "plain/config.json": b"{}",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers, which are stopped when the test ends."""
    with ExitStack() as stack:
        yield lambda folder, **options: stack.enter_context(Server(folder, **options))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def ask() -> Callable[..., Answer]:
    """Send a literal request and return the answer."""

    def send(
        server: Server, path: str, method: str = "GET", body: Any = None, **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=120)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, fields)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, content)

    return send


@pytest.fixture
def talk() -> Callable[..., bytes]:
    """Send bytes and return all bytes received until the server closes the connection."""

    def send(server: Server, *pieces: bytes, timeout: float = 120) -> bytes:
        host, _, port = server.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout) as connection:
            for piece in pieces:
                connection.sendall(piece)
            received = b""
            try:
                while data := connection.recv(1 << 16):
                    received += data
            except ConnectionResetError:
                pass
            return received

    return send
