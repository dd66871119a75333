"""Several processes with one cache, some of them killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hub
from hub import file_lock

CONTENT = bytes(range(256)) * 4096
SCRIPT = "import sys, hub; print(hub.download(sys.argv[1]))"


def start(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, url], stdout=subprocess.PIPE, text=True)


def test_eight_processes_fetch_once(server: Any, leftovers: Callable[[], list[str]]) -> None:
    def slowly(handler: Any) -> None:
        time.sleep(0.5)
        server.body(CONTENT)(handler)

    url = server.add("/w.bin", slowly)
    processes = [start(url) for _ in range(8)]
    paths = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * 8
    assert paths == {str(hub.path(url))}
    assert len(server.requests) == 1
    assert len(leftovers()) == 3  # blob, link and record


def test_killed_download_is_never_visible(
    server: Any, home: Path, leftovers: Callable[[], list[str]]
) -> None:
    def half(handler: Any) -> None:
        server.body(CONTENT[: len(CONTENT) // 2], Content_Length=str(len(CONTENT)))(handler)
        handler.wfile.flush()
        process.wait(timeout=60)

    url = server.add("/w.bin", half, server.body(CONTENT))
    process = start(url)
    while not any(body.stat().st_size for body in home.glob("hub/partial/*/body")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert hub.ls() == [] and not (home / "hub" / "blobs").exists()
    assert hub.download(url).read_bytes() == CONTENT
    assert len(leftovers()) == 3


def test_lock_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with file_lock.lock(path, waiting_for="nobody"):
        assert path.exists()
        with file_lock.try_lock(path) as is_free:
            assert not is_free
    assert not path.exists()
    with file_lock.try_lock(path) as is_free:
        assert is_free


def test_import_is_light() -> None:
    heavy = {"requests", "tqdm", "numpy", "huggingface_hub", "engine", "zoo"}
    script = f"import hub, sys; print(*{heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n")
