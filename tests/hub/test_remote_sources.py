"""Sources torch, github and object stores, and sources of other packages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import fsspec
import pytest

import hub
from hub import sources
from hub.errors import AccessError, FetchError, IntegrityError, NotFoundError, RefError
from hub.file_info import LocalFile
from hub.refs import Ref
from hub.sink import Sink
from hub.sources import Destination, Source

CONTENT = bytes(range(256)) * 4096
DIGEST = "fbbab289f7f94b25736c58be46a994c441fd02552cc6022352e3d86d2fab7c83"


# torch:


def test_name_with_hash(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTIARY_TORCH_MODELS", server.url + "/models")
    url = server.add(f"/models/net-{DIGEST[:8]}.pth", server.body(CONTENT))
    by_name = hub.download(f"torch:net-{DIGEST[:8]}.pth")
    assert by_name.read_bytes() == CONTENT and by_name.name == f"net-{DIGEST[:8]}.pth"
    assert hub.download(f"torch:{url}").samefile(by_name)
    assert hub.download(f"torch:{url}#sha256={DIGEST}", offline=True).samefile(by_name)


def test_name_with_another_hash(server: Any, leftovers: Callable[[], list[str]]) -> None:
    url = server.add("/net-0123456789.pth", server.body(CONTENT))
    with pytest.raises(IntegrityError) as error:
        hub.download(f"torch:{url}")
    assert (error.value.expected, error.value.got) == ("0123456789", DIGEST)
    with pytest.raises(IntegrityError, match="of different files"):
        hub.download(f"torch:{url}", DIGEST)
    assert leftovers() == []


# github:


@pytest.fixture
def release(server: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Adds a file to a release and returns its reference."""
    monkeypatch.setenv("GITHUB_API_URL", server.url + "/api")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)

    def put(content: bytes = CONTENT, **said: object) -> str:
        asset = {"name": "w.pth", "id": 7, "size": len(CONTENT)} | said
        text = json.dumps({"assets": [{"name": "other", "id": 1, "size": 2}, asset]}).encode()
        server.add("/api/repos/o/r/releases/tags/v1/beta", server.body(text))
        server.add("/api/repos/o/r/releases/assets/7", server.body(content))
        return "github:O/r@v1/beta/w.pth"

    return put


def test_release_asset(
    server: Any, release: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    path = hub.download(release(digest=f"sha256:{DIGEST}"))
    assert path.read_bytes() == CONTENT and path.name == "w.pth"
    listing, asset = (headers for _, headers in server.requests)
    assert listing["Accept"] == "application/vnd.github+json"
    assert asset["Accept"] == "application/octet-stream"
    assert listing["Authorization"] == asset["Authorization"] == "Bearer secret"


def test_release_without_login(server: Any, release: Callable[..., str]) -> None:
    hub.download(release(digest=None))
    assert all("Authorization" not in headers for _, headers in server.requests)


def test_asset_that_is_another(
    release: Callable[..., str], leftovers: Callable[[], list[str]]
) -> None:
    with pytest.raises(IntegrityError):
        hub.download(release(digest="sha256:" + "0" * 64))
    with pytest.raises(FetchError, match=f"announced {len(CONTENT)} bytes, expected 3"):
        hub.download(release(size=3))
    assert leftovers() == []


def test_asset_that_is_not_there(server: Any, release: Callable[..., str]) -> None:
    with pytest.raises(NotFoundError, match=r"there are: other, x\.pth"):
        hub.download(release(name="x.pth"))
    server.add("/api/repos/o/r/releases/tags/v1/beta", server.body(b"", status=404))
    with pytest.raises(NotFoundError, match="answered 404"):
        hub.download("github:o/r@v1/beta/w.pth")


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"assets": [3]}', b'{"assets": [{}]}'])
def test_answer_that_is_no_release(server: Any, release: Callable[..., str], answer: bytes) -> None:
    ref = release()
    server.add("/api/repos/o/r/releases/tags/v1/beta", server.body(answer))
    with pytest.raises(FetchError, match="not the description of a release"):
        hub.download(ref)


# Object stores.


@pytest.fixture
def store() -> Iterator[Any]:
    store = fsspec.filesystem("memory")
    store.pipe("/bucket/w.bin", CONTENT)
    yield store
    store.store.clear()


REF = "fsspec:memory://bucket/w.bin"


def test_object(store: Any) -> None:
    path = hub.download(REF, DIGEST)
    assert path.read_bytes() == CONTENT and path.name == "w.bin"
    assert [item.ref for item in hub.ls()] == [REF]
    assert hub.info(REF).source == "memory://bucket/w.bin"


def test_object_that_is_not_there(store: Any, leftovers: Callable[[], list[str]]) -> None:
    with pytest.raises(NotFoundError, match="no such file in the store"):
        hub.download("fsspec:memory://bucket/x.bin")
    assert leftovers() == []


def test_object_that_is_another(store: Any, leftovers: Callable[[], list[str]]) -> None:
    with pytest.raises(IntegrityError):
        hub.download(REF, "0" * 64)
    assert leftovers() == []


class Cut:
    """A file of the store whose connection is cut after every 300,000 bytes."""

    opened: list[int]

    def __enter__(self) -> Cut:
        return self

    def __exit__(self, *arguments: object) -> None:
        pass

    def seek(self, position: int) -> None:
        self._position, self._end = position, position + 300_000
        Cut.opened.append(position)

    def read(self, count: int) -> bytes:
        if self._position == self._end and self._end < len(CONTENT):
            raise ConnectionResetError("cut")
        start, self._position = self._position, self._end
        return CONTENT[start : self._end]


def test_resume_of_an_object(store: Any, impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    Cut.opened = []
    monkeypatch.setattr(type(store), "open", lambda self, path, mode: Cut())
    with pytest.raises(FetchError, match="cut, after 3 attempts"):
        hub.download(REF)  # without hash and ETag versions cannot be distinguished
    assert Cut.opened == [0, 0, 0]
    Cut.opened = []
    assert hub.download(REF, DIGEST).read_bytes() == CONTENT
    assert Cut.opened == [0, 300_000, 600_000, 900_000]


def test_object_without_a_right(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError("Access denied")

    monkeypatch.setattr(type(store), "info", refuse)
    with pytest.raises(AccessError, match="asks for a login"):
        hub.download(REF)


def test_store_that_is_unknown() -> None:
    with pytest.raises(FetchError, match=r"^fsspec:gopher://a/b: .*gopher"):
        hub.download("fsspec:gopher://a/b")


# Sources of other packages.


class Poems(Source):
    """A source of another package."""

    def identify(self, text: str) -> str:
        return text

    def fetch(self, ref: Ref, destination: Destination) -> LocalFile:
        with Sink(destination) as sink:
            sink.begin(5)
            sink.write(ref.locator[:5].encode())
        return sink.received("memory")


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    points = [
        EntryPoint("poem", f"{__name__}:Poems", sources.ENTRY_POINTS),
        EntryPoint("broken", "no_such_package:Source", sources.ENTRY_POINTS),
        EntryPoint("other", "builtins:object", sources.ENTRY_POINTS),
        EntryPoint("https", f"{__name__}:Poems", sources.ENTRY_POINTS),
    ]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    sources.source_for.cache_clear()
    yield
    sources.source_for.cache_clear()


def test_plugin(plugin: None) -> None:
    assert hub.download("poem:tiger tiger").read_bytes() == b"tiger"
    assert hub.path("poem:tiger tiger").name == "tiger_tiger"
    assert "poem" in sources.kinds()
    # Built-in sources are not replaced.
    assert type(sources.source_for("https")).__name__ == "HttpsSource"
    with pytest.raises(RefError, match="cannot be loaded: No module named"):
        hub.download("broken:x")
    with pytest.raises(RefError, match=r"is no subclass of hub\.sources\.Source"):
        hub.download("other:x")
