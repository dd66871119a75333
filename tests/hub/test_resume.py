"""Resumption of downloads, and several connections for one file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import hub
from hub.cancellation import CancelToken
from hub.errors import AccessError, CacheError, FetchError, HubError, IntegrityError
from hub.file_info import LocalFile
from hub.progress import Meter
from hub.transfer import Expected, Limits, Throttle, fetch, speed
from tests.hub import faulty
from tests.hub.faulty import FaultyServer, File

CONTENT = random.Random(0).randbytes(1 << 20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SMALL = CONTENT[:4096]
SMALL_SHA256 = hashlib.sha256(SMALL).hexdigest()
GIT = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
LIMITS = Limits(read_timeout=0.3, attempts=3, first_wait=0.001, longest_wait=1, connections=1)
PARALLEL = Limits(
    read_timeout=0.3, first_wait=0.001, parallel_after=0, parallel_if_left=0, piece=1 << 16
)
ETAG = '"one"'


class Download:
    """A repeatable fetch."""

    def __init__(self, url: str, path: Path) -> None:
        self.url, self.path = url, path
        self.note = path.with_name(path.name + ".json")

    def __call__(
        self, *, limits: Limits = LIMITS, expected: Expected | None = None, **options: object
    ) -> LocalFile:
        return fetch(  # type: ignore[arg-type]
            self.url, self.path, ref="the file", limits=limits, expected=expected, **options
        )

    def fails(self, kind: type[Exception] = FetchError, **options: object) -> str:
        with pytest.raises(kind) as error:
            self(**options)  # type: ignore[arg-type]
        message = str(error.value)
        assert message.startswith("the file: ") and "\n" not in message
        return message

    def is_clean(self) -> bool:
        return not self.path.exists() and not self.note.exists()


@pytest.fixture
def file() -> File:
    return File(CONTENT, ETAG)


@pytest.fixture
def download(served: FaultyServer, tmp_path: Path, file: File) -> Download:
    return Download(served.add("/w.bin", file), tmp_path / "body")


def check(fetched: LocalFile, content: bytes = CONTENT) -> None:
    assert fetched.path.read_bytes() == content
    assert fetched.sha256 == hashlib.sha256(content).hexdigest()
    assert fetched.size == len(content)


def test_facts_of_the_fetched_file(download: Download) -> None:
    fetched = download(expected=Expected(len(CONTENT), SHA256, GIT))
    check(fetched)
    assert fetched.source == download.url
    assert not download.note.exists()


@pytest.mark.parametrize("sixteenths", range(17))
def test_cut_anywhere(download: Download, file: File, sixteenths: int) -> None:
    file.faults = [faulty.cut(sixteenths)]
    check(download())
    assert file.served == len(CONTENT)  # no byte twice
    if 0 < sixteenths < 16:
        first, second = file.requests
        assert "Range" not in first
        assert second["Range"] == f"bytes={len(CONTENT) * sixteenths // 16}-{len(CONTENT) - 1}"
        assert second["If-Range"] == ETAG


def test_resumed_by_another_call(download: Download, file: File) -> None:
    file.faults = [faulty.cut(8)] + [faulty.status(503)] * 2
    assert "try again later, which resumes" in download.fails()
    assert json.loads(download.note.read_text())["done"] == [[0, len(CONTENT) // 2]]
    check(download(expected=Expected(sha256=SHA256, git_sha1=GIT)))
    assert file.served == len(CONTENT) + len(b"sorry") * 2
    assert not download.note.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_process_loses_little(
    served: FaultyServer, home: Path, number: signal.Signals
) -> None:
    file = File(CONTENT * 6, ETAG, [faulty.stall(14, 60)])
    url = served.add("/w.bin", file)
    command = [sys.executable, "-m", "hub", "download", "--quiet", url]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    received = len(CONTENT) * 6 * 14 // 16
    noted, until = 0, time.monotonic() + 60
    while noted < received - (1 << 20) and time.monotonic() < until:
        time.sleep(0.01)
        for note in home.glob("hub/partial/*/body.json"):
            noted = json.loads(note.read_text())["done"][0][1]
    process.send_signal(number)
    process.communicate(timeout=60)
    file.requests.clear()
    assert hub.download(url).read_bytes() == file.content
    (request,) = file.requests
    assert int(request["Range"].removeprefix("bytes=").partition("-")[0]) >= received - (1 << 20)


def test_slow_bytes_are_noted(
    download: Download, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few bytes are noted after a second, here less."""
    monkeypatch.setattr("hub.transfer.checkpoints._INTERVAL", 0.01)
    seen: list[int] = []

    class Looking(Meter):
        def update(self, count: int) -> None:
            with contextlib.suppress(FileNotFoundError):
                seen.append(json.loads(download.note.read_text())["done"][0][1])

    file.content = CONTENT[:1000]
    file.faults = [faulty.drip(50, 0.02)]
    check(download(meter=Looking(), limits=Limits()), file.content)
    assert 0 < max(seen) < 1000


def test_complete_but_not_published(download: Download, file: File) -> None:
    check(download())
    version = {"size": len(CONTENT), "etag": ETAG, "modified": None}
    note = {"url": download.url, "expected": {}, "version": version, "done": [[0, len(CONTENT)]]}
    download.note.write_text(json.dumps(note))
    check(download())
    assert len(file.requests) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda note: "",
        lambda note: "[]",
        lambda note: note.replace("w.bin", "x.bin"),
        lambda note: note.replace('"done": [[0, ', '"done": [[0, 9'),
        lambda note: note.replace(str(len(CONTENT)), "17"),
        lambda note: note.replace('"sha256": null', f'"sha256": "{"0" * 64}"'),
    ],
)
def test_note_that_does_not_fit(download: Download, file: File, damage: object) -> None:
    file.faults = [faulty.cut(8)] + [faulty.status(503)] * 2
    download.fails()
    download.note.write_text(damage(download.note.read_text()))  # type: ignore[operator]
    check(download(expected=Expected(len(CONTENT), SHA256)))
    assert "Range" not in file.requests[-1]


def test_other_version(download: Download, file: File) -> None:
    other = CONTENT[::-1]
    file.faults = [faulty.change(other, 8)]
    check(download(), other)
    assert file.requests[1]["If-Range"] == ETAG


def test_new_version_between_two_calls(download: Download, file: File) -> None:
    file.faults = [faulty.cut(8)] + [faulty.status(503)] * 2
    download.fails()
    file.change(b"shorter than what is here")
    check(download(), file.content)


def test_beyond_the_end(download: Download, file: File) -> None:
    """A file that became shorter, on a server without If-Range: 416."""
    file.faults = [faulty.cut(8)] + [faulty.status(503)] * 2
    download.fails()
    file.content = CONTENT[:1000]
    check(download(), file.content)
    assert [request.get("Range") for request in file.requests[-2:]] == [
        f"bytes={len(CONTENT) // 2}-{len(CONTENT) - 1}",
        None,
    ]


@pytest.mark.parametrize("etag", [None, 'W/"weak"', "unquoted"])
def test_no_strong_validator(download: Download, file: File, etag: str | None) -> None:
    """Without one, only a hash reveals a mixture of versions."""
    file.etag = etag
    file.faults = [faulty.cut(8)]
    check(download())
    assert [request.get("Range") for request in file.requests] == [None, None]
    file.faults = [faulty.cut(8)]
    check(download(expected=Expected(sha256=SHA256)))
    assert "Range" in file.requests[3] and "If-Range" not in file.requests[3]


def test_parts_that_cannot_be_resumed_are_removed(download: Download, file: File) -> None:
    file.etag = None
    file.faults = [faulty.cut(8)] * 3
    download.fails()
    assert download.is_clean()


def test_mixture_of_versions(download: Download, file: File) -> None:
    """Without ETag a change of the file is revealed by the hash, and the file is fetched again."""
    file.etag = None
    file.content = CONTENT[::-1]

    def change(file: File, reply: faulty.Reply) -> None:
        faulty.cut(8)(file, reply)
        file.content = CONTENT

    file.faults = [change]
    check(download(expected=Expected(sha256=SHA256)))
    assert ["Range" in request for request in file.requests] == [False, True, False]


def test_last_modified_is_no_validator(download: Download, file: File) -> None:
    """A file may be replaced by one of the same size and time: it is fetched whole."""
    file.etag = None

    def change(file: File, reply: faulty.Reply) -> None:
        reply.headers |= {"Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}
        faulty.cut(8)(file, reply)
        file.content = CONTENT[::-1]

    file.faults = [change]
    check(download(), CONTENT[::-1])
    assert [request.get("Range") for request in file.requests] == [None, None]


def test_range_is_ignored(download: Download, file: File) -> None:
    file.faults = [faulty.cut(8), faulty.ignore_range]
    check(download())
    assert len(file.requests) == 2


def test_wrong_content_range(download: Download, file: File) -> None:
    file.faults = [faulty.cut(8), faulty.shift_range]
    check(download())
    assert ["Range" in request for request in file.requests] == [False, True, False]


def test_flipped_byte(download: Download, file: File) -> None:
    file.faults = [faulty.flip(0.3)]
    message = download.fails(IntegrityError, expected=Expected(sha256=SHA256))
    assert f"wrong SHA-256 from {download.url}: expected {SHA256}, got " in message
    assert download.is_clean()
    file.faults = [faulty.flip(0.3)]
    message = download.fails(IntegrityError, expected=Expected(git_sha1=GIT))
    assert f"wrong git SHA-1 from {download.url}: expected {GIT}, got " in message
    check(download(expected=Expected(git_sha1=GIT)))


def test_flipped_byte_in_a_part(download: Download, file: File) -> None:
    file.faults = [faulty.cut(8), faulty.flip(0.3)]
    check(download(expected=Expected(sha256=SHA256)))


@pytest.mark.parametrize("fault", [faulty.shorter(10), faulty.longer(10)])
def test_size_that_is_not_the_expected_one(
    download: Download, file: File, fault: faulty.Fault
) -> None:
    file.faults = [fault]
    message = download.fails(expected=Expected(size=len(CONTENT)))
    assert f"bytes, expected {len(CONTENT)}" in message and download.is_clean()


def test_prefix_of_the_hash(download: Download) -> None:
    check(download(expected=Expected(sha256=SHA256[:8])))
    download.fails(IntegrityError, expected=Expected(sha256="00000000"))


def test_slow_drip(download: Download, file: File) -> None:
    slow = Limits(first_wait=0.001, attempts=3, slowest=1e6, slow_for=0.05, connections=1)
    file.faults = [faulty.drip(100, 0.01)] * 2
    check(download(limits=slow))
    assert len(file.requests) == 3
    file.faults = [faulty.drip(100, 0.01)] * 9
    assert "bytes in 0 s, after 3 attempts" in download.fails(limits=slow)


def test_any_number_of_cuts_with_progress(download: Download, file: File) -> None:
    file.faults = [faulty.cut(1)] * 30
    check(download())
    file.faults = [faulty.cut(1)] * 30
    few = Limits(first_wait=0.001, attempts_in_all=10, connections=1)
    assert "after 10 attempts" in download.fails(limits=few)


def test_full_jitter(download: Download, file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[tuple[float, float]] = []
    monkeypatch.setattr("random.uniform", lambda low, high: waits.append((low, high)) or 0.0)
    file.faults = [faulty.status(503)] * 7
    check(download(limits=Limits(attempts=9, first_wait=1, longest_wait=20)))
    assert waits == [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (0, 20), (0, 20)]


# Several connections.


def test_pieces_side_by_side(download: Download, file: File) -> None:
    at_once = most = 0
    lock = threading.Lock()

    def slowly(file: File, reply: faulty.Reply) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        reply.step, reply.delay = 1 << 15, 0.002
        time.sleep(0.02)
        with lock:
            at_once -= 1

    file.faults = [slowly] * 40
    check(download(limits=PARALLEL))
    assert most > 1
    assert {request["If-Range"] for request in file.requests[1:]} == {ETAG}


def test_fast_file_uses_one_connection(download: Download, file: File) -> None:
    check(download(limits=Limits()))
    assert len(file.requests) == 1


def test_pieces_that_fail(download: Download, file: File) -> None:
    def slowly(file: File, reply: faulty.Reply) -> None:
        reply.step, reply.delay = 1 << 14, 0.001

    faults = [faulty.status(429), faulty.cut(3), faulty.status(500), faulty.stall(2, 0.5)]
    file.faults = [slowly, *faults, slowly, *faults]
    check(download(limits=PARALLEL))


def test_pieces_of_another_version(download: Download, file: File) -> None:
    other = CONTENT[::-1]

    def change(file: File, reply: faulty.Reply) -> None:
        reply.step, reply.delay = 1 << 14, 0.002
        if file.content != other:
            file.change(other)

    file.faults = [change]
    fetched = download(limits=PARALLEL)
    check(fetched, CONTENT if fetched.sha256 == SHA256 else other)


def test_no_pieces_without_a_validator(download: Download, file: File) -> None:
    file.etag = None
    file.faults = [faulty.drip(1 << 16, 0.005)]
    check(download(limits=PARALLEL))
    assert len(file.requests) == 1


# Credentials.


def test_login_stays_at_its_origin(
    served: FaultyServer, tmp_path: Path, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password from-netrc\n")
    netrc.chmod(0o600)
    elsewhere = FaultyServer()
    target = elsewhere.add("/w.bin", file)

    def redirect(file: File, reply: faulty.Reply) -> None:
        reply.status, reply.body = 302, b""
        reply.headers = {"Location": f"{target}?signature=secret", "Set-Cookie": "id=1; Path=/"}

    front = File(b"", faults=[redirect, redirect])
    url = served.add("/front", front)
    login = {"Authorization": "Bearer token", "Cookie": "a=b"}
    for _ in range(2):
        fetched = fetch(url, tmp_path / "body", ref="the file", headers=login, limits=LIMITS)
        assert fetched.source == target
    elsewhere.close()
    assert all(request["Authorization"] == "Bearer token" for request in front.requests)
    assert not any({"Authorization", "Cookie"} & request.keys() for request in file.requests)
    # The given login takes precedence over ~/.netrc.
    monkeypatch.setenv("NETRC", str(netrc))
    front.faults = [None]
    fetch(url, tmp_path / "other", ref="the file", headers=login, limits=LIMITS)
    assert front.requests[-1]["Authorization"] == "Bearer token"


def test_secrets_are_not_in_errors(served: FaultyServer, tmp_path: Path) -> None:
    file = File(b"", faults=[faulty.status(401), faulty.status(500), faulty.status(500)])
    url = served.add("/w", file) + "?signature=secret"
    headers = {"Authorization": "Bearer secret"}
    few = Limits(first_wait=0.001, attempts=2)
    for kind in (AccessError, FetchError):
        with pytest.raises(kind) as error:
            fetch(url, tmp_path / "body", ref="the file", headers=headers, limits=few)
        assert "secret" not in str(error.value)


def test_no_way_back_to_plain_http(tmp_path: Path) -> None:
    from hub.transfer.http import Client, new_session

    client = Client(
        new_session(), "https://example.org/w", ref="the file", headers={}, limits=LIMITS
    )
    with pytest.raises(FetchError, match="is not encrypted"):
        client.redirected("https://example.org/w", "http://127.0.0.1/w")


# Random misbehaviour of a server.

_NUMBERS = st.one_of(st.integers(-2, len(CONTENT) + 2), st.integers(), st.just("*"), st.just(""))
_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)
_DATES = st.sampled_from(
    ["Wed, 01 Jan 2020 00:00:00 GMT", "Wed, 01 Jan 2020 00:00:00 -0000", "Wed, 32 Jan", "9" * 400]
)
_HEADERS = {
    "Accept-Ranges": st.sampled_from(["bytes", "none", ""]),
    "Content-Encoding": st.sampled_from(["identity", "gzip", ""]),
    "Content-Length": st.one_of(_NUMBERS.map(str), _TEXTS),
    "Content-Range": st.one_of(
        st.builds("bytes {}-{}/{}".format, _NUMBERS, _NUMBERS, _NUMBERS), _TEXTS
    ),
    "Content-Type": st.one_of(st.sampled_from(["text/html", "a/b; charset=c"]), _TEXTS),
    "Date": _DATES,
    "ETag": st.one_of(st.sampled_from([ETAG, 'W/"one"', '"', '""']), _TEXTS),
    "Last-Modified": _DATES,
    "Location": st.one_of(
        st.sampled_from(["//[", "http://[::1", "http://a:b/", "?x", "", "/w.bin"]), _TEXTS
    ),
    "Retry-After": st.one_of(_NUMBERS.map(str), _DATES, _TEXTS),
}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([200, 200, 206, 206, 204, 301, 302, 307, 404, 416, 429, 500]),
            st.fixed_dictionaries({}, optional=_HEADERS),
            st.integers(0, 16),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_random_misbehaviour_of_a_server(
    answers: list[tuple[int, dict[str, str], int]], is_pinned: bool
) -> None:
    """The download succeeds or raises a HubError, and a pinned file is never another."""

    def fault(status: int, headers: dict[str, str], sixteenths: int) -> faulty.Fault:
        def change(file: File, reply: faulty.Reply) -> None:
            reply.status = status
            reply.headers |= headers
            faulty.cut(sixteenths)(file, reply)

        return change

    limits = Limits(read_timeout=0.2, attempts=3, first_wait=0, longest_wait=0, connections=1)
    expected = Expected(sha256=SMALL_SHA256 if is_pinned else None)
    file = File(SMALL, ETAG, [fault(*answer) for answer in answers])
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(FaultyServer()) as server:
        url, path = server.add("/w.bin", file), Path(folder, "body")
        try:
            fetched = fetch(url, path, ref="the file", limits=limits, expected=expected)
        except HubError as error:
            assert str(error).startswith("the file: ") and "\n" not in str(error)
        else:
            assert fetched.path.stat().st_size == fetched.size
            assert fetched.path.read_bytes() == SMALL or not is_pinned
        assert set(os.listdir(folder)) <= {"body", "body.json"}


# The rest.


def test_disk_without_room(download: Download, file: File) -> None:
    def huge(file: File, reply: faulty.Reply) -> None:
        reply.headers["Content-Length"] = str(1 << 59)

    file.faults = [huge]
    message = download.fails(CacheError)
    assert f"needs {1 << 59} bytes and " in message and download.is_clean()


def test_disk_that_fills_up(download: Download, file: File) -> None:
    """The written part is kept and resumed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, hard))
    try:
        file.faults = [faulty.drip(1 << 16, 0.001)]
        assert (
            f"File too large after {len(CONTENT) // 2} bytes of it: free some space"
            in download.fails(CacheError)
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    check(download())
    assert file.requests[-1]["Range"].startswith(f"bytes={len(CONTENT) // 2}-")


def test_limit_of_speed(download: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(speed, "time", clock)
    monkeypatch.setattr(CancelToken, "wait", lambda token, seconds: clock.sleep(seconds))
    download(throttle=Throttle(1000))
    # The first tenth of a second is not limited.
    assert clock.now == pytest.approx(100 + len(CONTENT) / 1000 - 0.1)


class Clock:
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_meter(download: Download, file: File) -> None:
    class Recorder(Meter):
        def __init__(self) -> None:
            self.begun: list[tuple[int, int | None]] = []
            self.count = 0

        def begin(self, done: int, total: int | None) -> None:
            self.begun.append((done, total))
            self.count = done

        def update(self, count: int) -> None:
            self.count += count

    file.faults = [faulty.cut(4)] + [faulty.status(503)] * 2
    download.fails()
    meter = Recorder()
    file.faults = [faulty.shift_range]
    check(download(meter=meter))
    assert meter.begun[0] == (len(CONTENT) // 4, len(CONTENT))
    assert meter.count == len(CONTENT)
