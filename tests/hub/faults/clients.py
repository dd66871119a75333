"""Client processes, which download, are killed, and run into full disks."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import multiprocessing.process
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants
from tqdm import tqdm

import hub
from hub import collect
from hub.cli import main
from hub.errors import HubError
from hub.transfer import Limits, limits
from tests.hub import small_disk

FAILED = 3  # exit status of a client whose download raised a HubError
_POLL = 0.005  # seconds

# Clients are forked from a process that has done the slow imports.
_PRELOADED = [
    "http.server",
    "huggingface_hub.hf_api",
    "hub.repos.repository",
    "hub.transfer.session",
]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*_PRELOADED, "numpy", "hub.formats.safetensors", __name__])


@dataclass(frozen=True)
class Task:
    """A client's task: download a file or a repository, run a command, or collect garbage."""

    url: str | None = None
    sha256: str | None = None
    repository: str | None = None
    command: tuple[str, ...] = ()

    def run(self) -> int:
        if self.url is not None:
            hub.download(self.url, self.sha256, progress=False)
        elif self.repository is not None:
            hub.snapshot(self.repository, progress=False)
        elif self.command:
            return run_command(self.command)
        else:
            collect(grace=-1)
        return 0


def run_command(command: tuple[str, ...]) -> int:
    """Run the program `hub`, which reports an error on one line."""
    with (
        contextlib.redirect_stderr(io.StringIO()) as errors,
        contextlib.redirect_stdout(io.StringIO()),
    ):
        status = main([*command, "--quiet"])
    lines = [line for line in errors.getvalue().splitlines() if line.startswith("hub: error: ")]
    told = "Traceback" not in errors.getvalue() and len(lines) == status
    return {0: 0, 1: FAILED}.get(status, status) if told else 1


@dataclass(frozen=True)
class Environment:
    """The environment of a client: the folder of the caches, their disk, the limits."""

    home: Path
    limits: Limits = limits.LIMITS
    file_limit: int | None = None
    disk: int | None = None  # the process that mounts it


def client(task: Task, environment: Environment) -> None:
    """Do a task in this process, and exit."""
    status = 1
    try:
        _settle(environment)
        status = task.run()
    except HubError:
        status = FAILED
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(status)  # the interpreter's exit takes longer than the download


def _settle(environment: Environment) -> None:
    if environment.disk is not None:
        small_disk.enter(environment.disk)
    os.environ |= {"BESTIARY_HOME": str(environment.home / "own"), "NO_PROXY": "*"}
    # The library reads its environment when it is imported.
    constants.HF_HUB_CACHE = str(environment.home / "hf")
    limits.LIMITS = environment.limits
    # tqdm's own lock is a system semaphore, which killed clients would leave locked.
    tqdm.set_lock(threading.RLock())
    if environment.file_limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (environment.file_limit, environment.file_limit))


class Clients:
    """Starts clients, and observes until they have ended."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self.started = 0
        self.killed = 0
        self.failed = 0

    def run(
        self,
        tasks: Iterable[Task],
        environment: Environment,
        kill_at: Iterable[float] = (),
        at: tuple[float, Callable[[], object]] | None = None,
    ) -> list[int | None]:
        """Run all tasks concurrently and return the exit statuses; some are killed after a time.

        `at` is an event after a number of seconds.
        """
        processes = [self._start(task, environment) for task in tasks]
        began = time.monotonic()
        doomed = dict(zip(processes, sorted(kill_at), strict=False))
        while any(process.is_alive() for process in processes):
            self._look()
            elapsed = time.monotonic() - began
            for process, seconds in doomed.items():
                if elapsed > seconds and process.pid is not None:
                    process.kill()
            if at is not None and elapsed > at[0]:
                at[1]()
                at = None
            time.sleep(_POLL)
        self._look()
        statuses = [process.exitcode for process in processes]
        self.killed += statuses.count(-signal.SIGKILL)
        self.failed += statuses.count(FAILED)
        return statuses

    def _start(self, task: Task, environment: Environment) -> multiprocessing.process.BaseProcess:
        process = _context.Process(target=client, args=(task, environment), daemon=True)
        process.start()
        self.started += 1
        return process
