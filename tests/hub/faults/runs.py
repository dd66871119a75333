"""Execution of the runs, and their tally."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.hub import small_disk
from tests.hub.fake_hub import FakeHub
from tests.hub.faults import plans
from tests.hub.faults.clients import FAILED, Clients, Environment, Task
from tests.hub.faults.files import FileJob
from tests.hub.faults.plans import PLANS, Scenario
from tests.hub.faults.repos import RepoJob
from tests.hub.faulty import FaultyServer
from tests.hub.small_disk import SmallDisk

_DISK = 64 << 20  # bytes of the small disk, most of which are used
_TOKEN = "hf_secret"


@dataclass
class Tally:
    """Counts of the results."""

    runs: int = 0
    clients: int = 0
    killed: int = 0
    failed: int = 0  # clients
    bytes_in_files: int = 0
    bytes_served: int = 0
    by_plan: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    no_disk: str | None = None

    def report(self) -> str:
        ratio = self.bytes_served / max(self.bytes_in_files, 1)
        plans = ", ".join(f"{name} {count}" for name, count in sorted(self.by_plan.items()))
        lines = [
            f"{self.runs} runs: {self.runs - len(self.faults)} passed, {len(self.faults)} did not",
            f"{self.clients} clients, of which {self.killed} were killed and {self.failed} failed",
            f"{self.bytes_served / 1e6:.0f} MB served for {self.bytes_in_files / 1e6:.0f} MB "
            f"of files: {ratio:.2f} times",
            plans,
        ]
        if self.no_disk is not None:
            lines.append(f"without small disks: {self.no_disk}")
        return "\n".join(lines + self.faults)


class Runs:
    """Runs against two servers: one of files, one of repositories."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.tally = Tally(no_disk=small_disk.why_not())
        self._seed = seed
        self._folder = folder
        self._files = FaultyServer()
        self._repos = FakeHub()
        self._plans = list(PLANS)
        if self.tally.no_disk is not None:
            self._plans.remove(plans.small_disk)
        # Inherited by the clients.
        os.environ |= {
            "HF_ENDPOINT": self._repos.url,
            "HF_TOKEN": _TOKEN,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    def close(self) -> None:
        self._files.close()
        self._repos.close()

    def run(self, number: int) -> None:
        """Every other run is of a repository; the plans alternate."""
        draw = random.Random(f"{self._seed}/{number}")
        plan = self._plans[number // 2 % len(self._plans)]
        job: FileJob | RepoJob
        if number % 2:
            job, kind = FileJob(draw, plan, self._files, number), "file"
        else:
            job, kind = RepoJob(draw, plan, self._repos, number), "repository"
        wrong = self._play(draw, job, number)
        job.close()
        in_files, served = job.traffic()
        self.tally.runs += 1
        self.tally.by_plan[f"{plan.__name__} of a {kind}"] += 1
        self.tally.bytes_in_files += in_files
        self.tally.bytes_served += served
        if wrong:
            self.tally.faults.append(f"run {number} ({plan.__name__}, {kind}): {'; '.join(wrong)}")

    def _play(self, draw: random.Random, job: FileJob | RepoJob, number: int) -> list[str]:
        home, scenario = self._folder / str(number), job.scenario
        with contextlib.ExitStack() as stack:
            disk, seen = None, home
            if scenario.room is not None:
                disk = stack.enter_context(SmallDisk(home, _DISK))
                seen = disk.seen
            observer = job.observer(seen)
            clients = Clients(observer.look)
            environment = Environment(home, disk=disk and disk.pid)
            if disk is not None and scenario.room is not None:
                disk.fill(but=scenario.room)
            met = replace(environment, limits=plans.limits_of(draw), file_limit=scenario.file_limit)
            for status in _start(draw, job, clients, met, disk):
                if status not in (0, FAILED, -signal.SIGKILL):
                    observer.wrong.append(f"a client ended with {status}")
            job.end_faults()
            for hog in seen.glob("hog*"):
                hog.unlink()
            for task, what in ((job.task(draw), "retry"), (Task(), "collection")):
                (ended,) = clients.run([task], environment)
                if ended != 0:
                    observer.wrong.append(f"the {what} ended with {ended}")
            wrong = list(dict.fromkeys(observer.wrong)) or list(job.leftovers(seen))
        shutil.rmtree(home, ignore_errors=True)
        self.tally.clients += clients.started
        self.tally.killed += clients.killed
        self.tally.failed += clients.failed
        return wrong


def _start(
    draw: random.Random,
    job: FileJob | RepoJob,
    clients: Clients,
    environment: Environment,
    disk: SmallDisk | None,
) -> list[int | None]:
    """The clients under faults; killed ones run one by one, the others concurrently."""
    scenario = job.scenario
    statuses: list[int | None] = []
    alone = scenario.kills if scenario.clients == 1 else 0
    for _ in range(alone):
        statuses += clients.run(
            [job.task(draw)], environment, [draw.uniform(0, scenario.killed_within)]
        )
    tasks = [job.task(draw) for _ in range(scenario.clients)]
    times = [draw.uniform(0, scenario.killed_within) for _ in range(scenario.kills - alone)]
    return statuses + clients.run(tasks, environment, times, _filling(scenario, disk))


def _filling(
    scenario: Scenario, disk: SmallDisk | None
) -> tuple[float, Callable[[], object]] | None:
    if disk is None or scenario.filled_after is None:
        return None
    return scenario.filled_after, lambda: disk.fill(name="hog2")
