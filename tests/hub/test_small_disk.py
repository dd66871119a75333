"""Full disks: an error of one line that says what to do, and resumption once there is space."""

from __future__ import annotations

import hashlib
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub import faulty, small_disk
from tests.hub.fake_hub import FakeHub
from tests.hub.faulty import FaultyServer, File
from tests.hub.small_disk import SmallDisk

CONTENT = random.Random(0).randbytes(300_000)
FILES = {f"{number}.bin": CONTENT[number : number + 50_000] for number in range(6)}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 1 MB with both caches."""
    if reason := small_disk.why_not():
        pytest.skip(reason)
    with SmallDisk(tmp_path / "disk", 1 << 20) as found:
        yield found


def download(disk: SmallDisk, ref: str) -> tuple[int, str]:
    """The exit status and standard error of a download."""
    caches = f"BESTIARY_HOME={disk.folder / 'own'}", f"HF_HUB_CACHE={disk.folder / 'hf'}"
    done = disk.run("env", *caches, sys.executable, "-m", "hub", "download", ref, "--quiet")
    return done.returncode, done.stderr


def check_refused(disk: SmallDisk, ref: str, *expected: str) -> None:
    status, errors = download(disk, ref)
    assert status == 1 and errors.startswith("hub: error: ") and errors.count("\n") == 1, errors
    assert all(text in errors for text in ("free some space", *expected)), errors
    for pattern in ("own/hub/blobs/*", "own/hub/files/*/*", "hf/*/snapshots/*/*", "hf/*/refs/*"):
        assert not list(disk.seen.glob(pattern))


def test_no_room_from_the_start(disk: SmallDisk, served: FaultyServer) -> None:
    url = served.add("/w.bin", File(CONTENT, '"one"'))
    hog = disk.fill(but=100_000)
    check_refused(disk, url, "needs 300000 bytes and ", " are free")
    hog.unlink()
    assert download(disk, url) == (0, "")


def test_full_on_the_way(disk: SmallDisk, served: FaultyServer) -> None:
    """Another program fills the disk; the received part is resumed."""
    file = File(CONTENT, '"one"')

    def fill(file: File, reply: faulty.Reply) -> None:
        # The client checks the space after the headers, before these bytes.
        reply.step, reply.delay = 100_000, 0.2
        threading.Timer(0.1, disk.fill, kwargs={"but": 50_000}).start()

    file.faults = [fill]
    url = served.add("/w.bin", file)
    check_refused(disk, url, "No space left on device after ", "which resumes it")
    (disk.seen / "hog").unlink()
    assert download(disk, url) == (0, "")
    assert file.requests[-1]["Range"].startswith("bytes=")
    assert [path.read_bytes() for path in disk.seen.glob("own/hub/blobs/*")] == [CONTENT]


@pytest.mark.parametrize("room", [0, 50_000, 299_000, 310_000, 330_000])
def test_repository(disk: SmallDisk, hf: FakeHub, room: int) -> None:
    """Too little space for the files, or enough for them but not for their records."""
    repo = hf.repo("org/name", FILES)
    hog = disk.fill(but=room)
    status, errors = download(disk, "hf:org/name")
    if status:
        assert errors.startswith("hub: error: ") and errors.count("\n") == 1, errors
        assert "free some space" in errors
    assert status or room > sum(map(len, FILES.values()))
    for blob in disk.seen.glob("hf/*/blobs/*"):
        if len(blob.name) == 64:
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    hog.unlink()
    assert download(disk, "hf:org/name") == (0, "")
    (snapshot,) = disk.seen.glob("hf/*/snapshots/*")
    assert snapshot.name == repo.refs["main"]
    assert {path.name: path.read_bytes() for path in snapshot.iterdir()} == FILES
    assert all(path.is_symlink() for path in snapshot.iterdir())
    assert len(list(disk.seen.glob("hf/*/blobs/*"))) == len(FILES)
