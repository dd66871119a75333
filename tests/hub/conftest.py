"""Fixtures: a cache for every test, a web server with faults, and generated wheels."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from hub.transfer import Limits, limits
from tests.hub.faulty import FaultyServer
from tests.hub.loopback import Handler, Loopback

Answer = Callable[[Handler], None]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Restore the logging that the command line configures."""
    before = list(logging.root.handlers)
    yield
    logging.getLogger("hub").setLevel(logging.NOTSET)
    for handler in logging.root.handlers[:]:
        if type(handler) is logging.StreamHandler and handler not in before:
            logging.root.removeHandler(handler)  # its stream belongs to a finished test


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test, which does not exist yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("BESTIARY_HOME", str(folder))
    monkeypatch.setenv("NO_PROXY", "*")
    for name in ("BESTIARY_OFFLINE", "BESTIARY_LOCK"):
        monkeypatch.delenv(name, raising=False)
    # The library reads its environment when it is imported.
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface" / "hub"))
    return folder


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits, so that permanent failures end soon."""
    quick = Limits(read_timeout=0.3, attempts=3, first_wait=0.01, longest_wait=1)
    monkeypatch.setattr(limits, "LIMITS", quick)


class Server(Loopback):
    """A server with answers for each path, the last of which is repeated."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        super().__init__()

    def add(self, path: str, *answers: Answer) -> str:
        """Serve a path and return its URL."""
        self.answers[path] = list(answers)
        return self.url + path

    def answer(self, handler: Handler) -> None:
        self.requests.append((handler.path, dict(handler.headers)))
        answers = self.answers[handler.path.partition("?")[0]]
        (answers.pop(0) if len(answers) > 1 else answers[0])(handler)

    @staticmethod
    def body(
        content: bytes, *, status: int = 200, sent: int | None = None, **headers: str
    ) -> Answer:
        """An answer that closes the connection after the first `sent` bytes of its body."""

        def answer(handler: Handler) -> None:
            fields = {"Content-Length": str(len(content)), "Content-Type": "application/binary"}
            fields |= {name.replace("_", "-"): value for name, value in headers.items()}
            handler.send_response(status)
            for name, value in fields.items():
                if value:
                    handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content[:sent])
            handler.close_connection = sent is not None or not fields["Content-Length"]

        return answer


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def served() -> Iterator[FaultyServer]:
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def make_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Builds a wheel of the package `tiny-weights` 1.0 that pip finds without a network."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    def make(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
        path = folder / "tiny_weights-1.0-py3-none-any.whl"
        metadata = "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nLicense: MIT\n"
        info = {
            "tiny_weights-1.0.dist-info/METADATA": metadata.encode(),
            "tiny_weights-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
            "tiny_weights-1.0.dist-info/RECORD": b"",
        }
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in (members | info).items():
                archive.writestr(name, content)
        return path

    return make


@pytest.fixture
def sha256() -> Callable[[bytes], str]:
    return lambda content: hashlib.sha256(content).hexdigest()


@pytest.fixture
def leftovers(home: Path) -> Callable[[], list[str]]:
    """All files of the cache, by their path within it."""
    return lambda: sorted(str(p.relative_to(home)) for p in home.rglob("*") if not p.is_dir())


@pytest.fixture
def hf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A repository server for the library in this process."""
    from tests.hub.fake_hub import FakeHub, point_to  # imports huggingface_hub

    server = FakeHub()
    point_to(server.url, tmp_path, monkeypatch)
    yield server
    server.close()


@pytest.fixture
def hf_cache() -> Path:
    """The library's cache folder, which does not exist yet."""
    return Path(constants.HF_HUB_CACHE)


@pytest.fixture
def weights() -> bytes:
    """A small safetensors file."""
    header = b'{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + bytes(range(16))
