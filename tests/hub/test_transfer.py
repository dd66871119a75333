"""Downloads from misbehaving web servers."""

from __future__ import annotations

import email.utils
import gzip
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

import hub
from hub.cancellation import CancelToken
from hub.errors import CacheError, FetchError, HubError, IntegrityError, NotFoundError

CONTENT = bytes(range(256)) * 4096  # 1 MiB
DIGEST = "fbbab289f7f94b25736c58be46a994c441fd02552cc6022352e3d86d2fab7c83"


@pytest.fixture
def refused(leftovers: Callable[[], list[str]]) -> Callable[..., str]:
    """Expect a download to fail; returns the message after checking that nothing is left."""

    def run(url: str, kind: type[HubError] = FetchError, **arguments: Any) -> str:
        with pytest.raises(kind) as error:
            hub.download(url, **arguments)
        message = str(error.value)
        assert message.startswith(url) and "\n" not in message
        assert leftovers() == [] and hub.ls() == []
        return message

    return run


def test_download_once(server: Any) -> None:
    url = server.add("/w.bin", server.body(CONTENT))
    path = hub.download(url)
    assert path.name == "w.bin" and path.read_bytes() == CONTENT
    assert hub.download(url, DIGEST) == hub.download(f"{url}#sha256={DIGEST}") == path
    assert len(server.requests) == 1
    (item,) = hub.ls()
    assert (item.ref, item.sha256, item.size) == (url, DIGEST, len(CONTENT))


def test_empty_file(server: Any) -> None:
    assert hub.download(server.add("/w", server.body(b""))).read_bytes() == b""


def test_wrong_hash(server: Any, refused: Callable[..., str]) -> None:
    url = server.add("/w", server.body(CONTENT, Set_Cookie="a=b"))
    with pytest.raises(IntegrityError) as error:
        hub.download(url, "0" * 64)
    assert (error.value.expected, error.value.got) == ("0" * 64, DIGEST)
    message = refused(f"{url}#sha256={'0' * 64}", IntegrityError)
    assert f"wrong SHA-256 from {url}: expected {'0' * 64}, got {DIGEST}" in message


@pytest.mark.parametrize("sent", [0, 1, len(CONTENT) // 2, len(CONTENT) - 1])
def test_truncated_body_is_fetched_again(server: Any, impatient: None, sent: int) -> None:
    url = server.add("/w", server.body(CONTENT, sent=sent), server.body(CONTENT))
    assert hub.download(url).read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_always_truncated(server: Any, impatient: None, refused: Callable[..., str]) -> None:
    url = server.add("/w", server.body(CONTENT, sent=1000))
    assert "the connection failed" in refused(url) and len(server.requests) == 3


def test_truncated_chunks(server: Any, impatient: None, refused: Callable[..., str]) -> None:
    chunked = {"Transfer_Encoding": "chunked", "Content_Length": ""}
    url = server.add("/w", server.body(b"5\r\nhello\r\n5\r\nwor", **chunked))
    refused(url)
    server.add("/w", server.body(b"5\r\nhello\r\n0\r\n\r\n", **chunked))
    assert hub.download(url).read_bytes() == b"hello"


def test_longer_than_announced(server: Any, refused: Callable[..., str]) -> None:
    url = server.add("/w", server.body(CONTENT + b"more", Content_Length=str(len(CONTENT))))
    assert hub.download(url, DIGEST).read_bytes() == CONTENT  # the announced length is the file
    url = server.add("/x", server.body(CONTENT, Content_Length="1000"))
    hub.rm(server.url + "/w")
    refused(f"{url}#sha256={DIGEST}", IntegrityError)


@pytest.mark.parametrize("length", ["-5", "five", "0x5", "9" * 5000])
def test_length_that_is_none(server: Any, refused: Callable[..., str], length: str) -> None:
    refused(server.add("/w", server.body(b"", Content_Length=length)))


def test_unannounced_length(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A body that ends with the connection: accepted with a warning, or with a pin."""
    url = server.add("/w", server.body(CONTENT, Content_Length=""))
    assert hub.download(url).read_bytes() == CONTENT
    assert "does not say how long" in caplog.text
    caplog.clear()
    hub.rm(url)
    assert hub.download(url, DIGEST).read_bytes() == CONTENT and not caplog.text


def test_unannounced_length_and_a_broken_connection(
    server: Any, impatient: None, refused: Callable[..., str]
) -> None:
    def reset(handler: Any) -> None:
        server.body(CONTENT, Content_Length="", sent=1000)(handler)
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()

    assert "the connection failed" in refused(server.add("/w", reset))


def test_too_large_for_the_disk(server: Any, refused: Callable[..., str]) -> None:
    url = server.add("/w", server.body(b"", Content_Length=str(1 << 59)))
    with pytest.raises(CacheError, match="free some space"):
        hub.download(url)
    assert hub.ls() == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_burst_of_failures(server: Any, impatient: None, status: int) -> None:
    failure = server.body(b"", status=status)
    url = server.add("/w", failure, failure, server.body(CONTENT))
    assert hub.download(url).read_bytes() == CONTENT


def test_lasting_failure(server: Any, impatient: None, refused: Callable[..., str]) -> None:
    url = server.add("/w", server.body(b"", status=503))
    assert "answered 503 Service Unavailable, after 3 attempts" in refused(url)


def test_retry_after(server: Any, impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(CancelToken, "wait", lambda token, seconds: waits.append(seconds))
    soon = email.utils.formatdate(time.time() + 0.9, usegmt=True)
    url = server.add(
        "/w",
        server.body(b"", status=429, Retry_After="1"),
        server.body(b"", status=503, Retry_After=soon),
        server.body(CONTENT),
    )
    hub.download(url)
    assert waits[0] == 1.0 and 0.0 <= waits[1] <= 1.0


def test_retry_after_too_long(server: Any, impatient: None, refused: Callable[..., str]) -> None:
    url = server.add("/w", server.body(b"", status=429, Retry_After="3600"))
    assert "asks to wait 3600 s" in refused(url) and len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFoundError), (410, NotFoundError), (403, FetchError)]
)
def test_refusal_is_final(
    server: Any, refused: Callable[..., str], status: int, kind: type[HubError]
) -> None:
    message = refused(server.add("/w", server.body(b"", status=status)), kind)
    assert f"answered {status}" in message and len(server.requests) == 1


def test_partial_content_that_was_not_asked_for(server: Any, refused: Callable[..., str]) -> None:
    assert "expected 200" in refused(server.add("/w", server.body(CONTENT, status=206)))


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"{}", "text/html; charset=utf-8"), (b"\n<!DOCTYPE html><html>", "application/binary")],
)
def test_web_page(
    server: Any, refused: Callable[..., str], content: bytes, content_type: str
) -> None:
    url = server.add("/w.pth", server.body(content, Content_Type=content_type))
    assert "a web page instead of the file" in refused(url)
    url = server.add("/w.html", server.body(content, Content_Type=content_type))
    assert hub.download(url).read_bytes() == content


def test_coded_body(server: Any, refused: Callable[..., str]) -> None:
    url = server.add("/w", server.body(gzip.compress(CONTENT), Content_Encoding="gzip"))
    assert "coded as 'gzip'" in refused(url)
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


def test_redirect(server: Any) -> None:
    url = server.add("/w", server.body(b"", status=302, Location="/deep/elsewhere?token=secret"))
    server.add("/deep/elsewhere", server.body(CONTENT))
    assert hub.download(url).read_bytes() == CONTENT
    (item,) = hub.ls()
    assert hub.info(item.ref).source == f"{server.url}/deep/elsewhere"


def test_redirect_loop(server: Any, refused: Callable[..., str]) -> None:
    url = server.add("/w", server.body(b"", status=301, Location="/w"))
    assert "more than 10 redirects" in refused(url) and len(server.requests) == 11


@pytest.mark.parametrize("target", ["http://example.org/w", "file:///etc/passwd", "https://"])
def test_redirect_to_a_refused_address(
    server: Any, refused: Callable[..., str], target: str
) -> None:
    url = server.add("/w", server.body(b"", status=302, Location=target))
    assert "redirects to a refused address" in refused(url)


def test_stalled_server(server: Any, impatient: None, refused: Callable[..., str]) -> None:
    def stall(handler: Any) -> None:
        server.body(CONTENT, sent=1000)(handler)
        handler.wfile.flush()
        time.sleep(0.5)

    url = server.add("/w", stall)
    assert "after 3 attempts" in refused(url)
    server.add("/w", stall, server.body(CONTENT))
    assert hub.download(url).read_bytes() == CONTENT


def test_slow_server(server: Any, impatient: None) -> None:
    def drip(handler: Any) -> None:
        server.body(b"", Content_Length="5")(handler)
        for byte in b"slow!":
            time.sleep(0.1)
            handler.wfile.write(bytes([byte]))

    assert hub.download(server.add("/w", drip)).read_bytes() == b"slow!"
    assert len(server.requests) == 1


def test_no_server(server: Any, impatient: None, refused: Callable[..., str]) -> None:
    server.close()
    assert "Connection refused" in refused(server.url + "/w")


def test_interrupt_leaves_nothing(server: Any, leftovers: Callable[[], list[str]]) -> None:
    url = server.add("/w", server.body(CONTENT))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("hub.transfer.partial.Partial.write", _interrupt)
        hub.download(url)
    assert leftovers() == []
    assert hub.download(url).read_bytes() == CONTENT


def _interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/w", "https://no-such-host.invalid/w"])
def test_failures_name_no_objects(url: str, impatient: None, refused: Callable[..., str]) -> None:
    message = refused(url)
    assert "the connection failed: " in message
    assert "Connection(" not in message and "object at" not in message
