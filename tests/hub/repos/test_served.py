"""Repositories of `hub serve`: many processes, killed processes, and the library."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

import hub
from hub.server import Server
from tests.hub.fake_hub import point_to

SCRIPT = "import sys, hub; print(hub.snapshot(sys.argv[1]))"
FILES = {f"part-{number}.bin": random.Random(number).randbytes(300_000) for number in range(10)}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the served repository org/model."""
    folder = tmp_path / "models" / "org" / "model"
    folder.mkdir(parents=True)
    for name, content in {**FILES, "config.json": b"{}", "sub/empty": b""}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    with Server(tmp_path / "models") as server:
        point_to(server.url, tmp_path, monkeypatch)
        yield folder


def start() -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, "hf:org/model"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_complete(folder: Path, served: Path) -> bool:
    paths = [path for path in served.rglob("*") if path.is_file()]
    return all(
        (folder / path.relative_to(served)).read_bytes() == path.read_bytes() for path in paths
    )


def visible_blobs_are_whole(cache: Path) -> bool:
    """True if every file named by a hash has that hash."""
    blobs = [path for path in cache.glob("*/blobs/*") if len(path.name) == 64]
    return all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in blobs)


def test_snapshot(served: Path, hf_cache: Path) -> None:
    folder = hub.snapshot("hf:org/model")
    assert is_complete(folder, served)
    theirs = huggingface_hub.snapshot_download("org/model", local_files_only=True)
    assert Path(theirs) == folder
    verified = huggingface_hub.HfApi().verify_repo_checksums("org/model")
    assert verified.checked_count == len(FILES) + 2 and not verified.mismatches
    assert huggingface_hub.scan_cache_dir(hf_cache).warnings == []


def test_eight_processes(served: Path, hf_cache: Path) -> None:
    processes = [start() for _ in range(8)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, results
    (folder,) = {printed.strip() for printed, _ in results}
    assert is_complete(Path(folder), served)
    left = [path.name for path in (hf_cache / "models--org--model" / "blobs").iterdir()]
    assert sorted(map(len, left)) == [40] * 2 + [64] * 10


def test_killed_at_any_moment(served: Path, hf_cache: Path) -> None:
    moments = random.Random(0)
    started = time.monotonic()
    assert start().wait(timeout=60) == 0
    whole = time.monotonic() - started
    for _ in range(3):
        hub.rm("hf:org/model")
        process = start()
        time.sleep(moments.uniform(0.3, 1) * whole)
        process.kill()
        process.communicate(timeout=60)
        assert visible_blobs_are_whole(hf_cache)
        for item in hub.ls():
            assert all(check.ok for check in hub.verify(item.ref))
        assert is_complete(hub.snapshot("hf:org/model"), served)


def test_library_and_we_at_the_same_time(
    served: Path, hf_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start()
    theirs = huggingface_hub.snapshot_download("org/model")
    printed, _ = process.communicate(timeout=60)
    assert printed.strip() == theirs
    assert is_complete(Path(theirs), served) and visible_blobs_are_whole(hf_cache)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub.snapshot("hf:org/model") == Path(theirs)
