"""A lock file from one server, applied on a machine that reaches only a mirror, by commands.

The public hub is simulated by a server with its own commit names; each machine is an environment
with two caches.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

TOKEN = "a-token-of-this-test"
LOAD = """
import hub, pathlib
folder = hub.snapshot("hf:org/name")
print(*sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()))
print(hub.download("hf:org/name/config.json").read_text(), hub.download("hf:org/one@v1/w.bin"))
"""


class Machine:
    """Runs programs with its own caches and one server."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.folder = folder
        folder.mkdir()
        inherited = {
            name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ
        }
        self.environment = inherited | {
            "HOME": str(folder),
            "HF_HOME": str(folder / "huggingface"),
            "BESTIARY_HOME": str(folder / "bestiary"),
            "HF_ENDPOINT": endpoint,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_TOKEN": TOKEN,
            "NO_PROXY": "*",
        }

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def hub(self, *arguments: str, **environment: str) -> str:
        """Run a command that succeeds and return its output."""
        done = self.run("-m", "hub", *arguments, **environment)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def fails(self, *arguments: str) -> str:
        """Run a command that fails and return its line of error."""
        done = self.run("-m", "hub", *arguments)
        assert done.returncode == 1 and done.stderr.startswith("hub: error: "), done
        assert done.stderr.count("\n") == 1
        return done.stderr

    @contextmanager
    def serving(self, folder: Path) -> Iterator[str]:
        tokens = self.folder / "tokens"
        tokens.write_text(TOKEN + "\n")
        command = [sys.executable, "-m", "hub", "serve", str(folder), "--port", "0", "--quiet"]
        process = subprocess.Popen(
            [*command, "--token-file", str(tokens)],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            yield (
                next(line for line in process.stdout if "HF_ENDPOINT=" in line)
                .split("=")[1]
                .strip()
            )
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


@pytest.fixture
def upstream(hf: Any, weights: bytes) -> Any:
    hf.token = TOKEN
    hf.repo("org/name", {"config.json": b"{}", "model.safetensors": weights, "sub/a.bin": b"a"})
    hf.repo("org/one").commit({"w.bin": b"w" * 1000, "README.md": b"# One"}, "v1")
    return hf


def test_lock_mirror_serve_sync_load(upstream: Any, tmp_path: Path) -> None:
    lock, models = str(tmp_path / "app.lock"), tmp_path / "models"
    developer = Machine(tmp_path / "developer", upstream.url)
    developer.hub("lock", lock, "hf:org/name", "hf:org/one@v1/w.bin")
    gateway = Machine(tmp_path / "gateway", upstream.url)
    gateway.hub("mirror", "hf:org/name", "hf:org/one@v1", str(models))
    upstream.is_down = True
    with gateway.serving(models) as url:
        inside = Machine(tmp_path / "inside", url)
        assert (
            inside.hub("sync", lock).splitlines()[-1] == "1.1 kB verified, of which 1.1 kB fetched"
        )
        assert inside.hub("sync", lock).splitlines()[-1].endswith("of which 0 B fetched")
    # The mirror is stopped as well: the rest is offline, without an option of `sync`.
    assert inside.hub("sync", lock, "--offline").splitlines()[-1].endswith("of which 0 B fetched")
    loaded = inside.run("-c", LOAD, BESTIARY_LOCK=lock, BESTIARY_OFFLINE="1")
    listed, rest = loaded.stdout.splitlines()
    assert listed == "config.json model.safetensors sub/a.bin", loaded
    assert rest.startswith("{} ") and str(inside.folder) in rest and rest.endswith("w.bin")
    assert [line.split()[0] for line in inside.hub("verify").splitlines()] == ["ok"] * 4
    # Without the lock file the branches are the locked commits too.
    assert inside.hub("download", "hf:org/one@v1/w.bin", "hf:org/name", "--offline")


def test_content_missing_in_the_mirror(upstream: Any, tmp_path: Path, weights: bytes) -> None:
    """Another state, or a part of one, is not the locked one: an error, and nothing is stored."""
    lock, models = str(tmp_path / "app.lock"), tmp_path / "models"
    machine = Machine(tmp_path / "developer", upstream.url)
    machine.hub("lock", lock, "hf:org/name")
    upstream.repos["org/name"].commit({"config.json": b"{1}", "model.safetensors": weights})
    machine.hub("mirror", "hf:org/name", str(models))
    with machine.serving(models) as url:
        inside = Machine(tmp_path / "inside", url)
        assert "hf:org/name" in inside.fails("sync", lock)
        assert not list(inside.folder.glob("huggingface/hub/*/snapshots/*/*"))


def test_mirror_with_other_bytes(upstream: Any, tmp_path: Path) -> None:
    """A file changed in the mirror is not loaded under the lock."""
    lock, models = str(tmp_path / "app.lock"), tmp_path / "models"
    machine = Machine(tmp_path / "developer", upstream.url)
    machine.hub("lock", lock, "hf:org/name")
    machine.hub("mirror", "hf:org/name", str(models))
    changed = tmp_path / "changed"
    changed.write_bytes(b"[]")
    changed.rename(models / "org" / "name" / "config.json")
    with machine.serving(models) as url:
        inside = Machine(tmp_path / "inside", url)
        assert "hf:org/name" in inside.fails("sync", lock)
        assert not list(inside.folder.glob("huggingface/hub/*/snapshots/*/*"))
