"""Downloads under faults, many times over: nothing wrong is ever visible, and a retry completes.

    python -m tests.hub.fault_runs --runs 1000 --seed 0

Each run has a file, a server with faults, a cache and one to eight clients, all of which follow
from seed and number of the run. While the clients work, and are killed, the cache is looked at the
way another program would. Then the faults end and one more client is started. A run passes if

- every file that was visible at any moment was one that the server had, whole, and the pinned one;
- that last client ended well, and the cache holds the file once, with nothing left beside it;
- the bytes of a blob, once visible, were never written again.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import multiprocessing.process
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import hub
from hub.cache import Cache, Record, hash_file
from hub.errors import HubError
from hub.transfer import Limits, limits
from tests.hub import faulty
from tests.hub.faulty import FaultyServer, File

FAILED = 3  # the exit status of a client whose download ended in an error of ours
POLL = 0.005  # seconds
KILO = 1 << 10

# Clients are forked from a process that has imported what takes long.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["http.server", "requests", "hub", "hub.transfer"])


@dataclass
class Scenario:
    """What happens in a run."""

    file: File
    pinned: bool = False
    clients: int = 1
    kills: int = 0
    file_limit: int | None = None  # bytes that a client may write to one file
    editions: list[bytes] = field(default_factory=list)


Plan = Callable[[random.Random, File], Scenario]


def cuts(draw: random.Random, file: File) -> Scenario:
    file.faults = [faulty.cut(draw.randrange(17)) for _ in range(draw.randint(1, 20))]
    return Scenario(file)


def stalls(draw: random.Random, file: File) -> Scenario:
    file.faults = [faulty.stall(draw.randrange(17), 0.4) for _ in range(draw.randint(1, 3))]
    return Scenario(file)


def drips(draw: random.Random, file: File) -> Scenario:
    file.faults = [faulty.drip(100, 0.01) for _ in range(draw.randint(1, 3))]
    return Scenario(file)


def errors(draw: random.Random, file: File) -> Scenario:
    codes = [draw.choice([408, 500, 502, 503, 504]) for _ in range(draw.randint(1, 6))]
    file.faults = [draw.choice([None, faulty.status(code), faulty.cut(8)]) for code in codes]
    return Scenario(file)


def too_many_requests(draw: random.Random, file: File) -> Scenario:
    waits = [draw.choice([None, "0", "1", "999", "soon"]) for _ in range(draw.randint(1, 4))]
    file.faults = [faulty.status(429, wait) for wait in waits]
    return Scenario(file)


def flipped_bytes(draw: random.Random, file: File) -> Scenario:
    flips: list[faulty.Fault | None] = [faulty.flip(draw.random()) for _ in range(2)]
    file.faults = draw.choice([flips, [faulty.cut(draw.randrange(17)), *flips]])
    return Scenario(file, pinned=True)


def wrong_lengths(draw: random.Random, file: File) -> Scenario:
    lie = draw.choice([faulty.shorter, faulty.longer])
    cut = draw.choice([None, faulty.cut(8)])
    file.faults = [cut, lie(draw.choice([1, 1000, 100_000]))]
    return Scenario(file, pinned=True)


def web_pages(draw: random.Random, file: File) -> Scenario:
    file.faults = [draw.choice([None, faulty.cut(8)]), faulty.web_page]
    return Scenario(file)


def wrong_ranges(draw: random.Random, file: File) -> Scenario:
    lies = [faulty.ignore_range, faulty.shift_range, faulty.cut(3)]
    file.faults = [faulty.cut(draw.randrange(17)), *draw.choices(lies, k=4)]
    return Scenario(file)


def changes(draw: random.Random, file: File) -> Scenario:
    """Another edition, or several, while it is fetched."""
    sizes = [draw.choice([len(file.content), size(draw)]) for _ in range(draw.randint(1, 3))]
    editions = [draw.randbytes(count) for count in sizes]
    file.faults = [faulty.change(edition, draw.randrange(1, 17)) for edition in editions]
    return Scenario(file, kills=draw.randrange(2), editions=editions)


def full_disk(draw: random.Random, file: File) -> Scenario:
    return Scenario(file, file_limit=draw.randrange(len(file.content) + 2 * KILO) + 2 * KILO)


def kills(draw: random.Random, file: File) -> Scenario:
    file.faults = [faulty.drip(len(file.content) // 20 + 1, 0.004)] * 4
    return Scenario(file, kills=draw.randint(1, 4), pinned=draw.random() < 0.5)


def eight_clients(draw: random.Random, file: File) -> Scenario:
    file.faults = [draw.choice([None, faulty.cut(8), faulty.status(503)]) for _ in range(3)]
    return Scenario(file, clients=8, kills=draw.choice([0, 0, 3]))


PLANS: list[Plan] = [
    cuts,
    stalls,
    drips,
    errors,
    too_many_requests,
    flipped_bytes,
    wrong_lengths,
    web_pages,
    wrong_ranges,
    changes,
    full_disk,
    kills,
    eight_clients,
]


def size(draw: random.Random) -> int:
    """Mostly some hundred kilobytes; sometimes nothing, or next to it."""
    return draw.choice([0, 1, draw.randrange(5000)] + [draw.randrange(1 << 20) for _ in range(9)])


def limits_of(draw: random.Random) -> Limits:
    """Impatient ones, half of the time with several connections from the first byte on."""
    side_by_side = draw.random() < 0.5
    return Limits(
        read_timeout=0.25,
        slowest=50_000,
        slow_for=0.15,
        attempts=4,
        first_wait=0.005,
        longest_wait=1.0,
        parallel_after=0 if side_by_side else 60,
        parallel_if_left=0,
        piece=64 * KILO,
        checkpoint=32 * KILO,
    )


def client(
    home: str, url: str, sha256: str | None, numbers: Limits, file_limit: int | None
) -> None:
    """Download in a process of its own, and end it."""
    os.environ |= {"BESTIARY_HOME": home, "NO_PROXY": "*"}
    limits.LIMITS = numbers
    if file_limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    status = 0
    try:
        hub.download(url, sha256, progress=False)
    except HubError:
        status = FAILED
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        status = 1
    os._exit(status)  # what a process does at its end takes longer than the download


class Onlooker:
    """Looks at a cache while others write it: at its blobs, and at the files it has records of."""

    def __init__(self, home: Path, allowed: set[str]) -> None:
        self._cache = Cache(home / "hub")
        self._blobs = home / "hub" / "blobs"
        self._allowed = allowed
        self._seen: dict[str, tuple[int, int, int]] = {}
        self.wrong: list[str] = []

    def look(self) -> None:
        for blob in self._blobs.glob("*"):
            status = blob.stat()
            state = (status.st_ino, status.st_mtime_ns, status.st_size)
            if blob.name not in self._seen:
                self._expect(hash_file(blob), blob.name, f"blob {blob.name}")
            elif self._seen[blob.name] != state:
                self.wrong.append(f"blob {blob.name} was written again")
            self._seen[blob.name] = state
        for record in self._cache.records():
            self._check(record)

    def _check(self, record: Record) -> None:
        if record.ref in self._seen:
            return
        self._expect(hash_file(self._cache.path(record)), record.sha256, f"file {record.filename}")
        self._seen[record.ref] = (0, 0, 0)

    def _expect(self, got: str, expected: str, what: str) -> None:
        if got != expected or got not in self._allowed:
            self.wrong.append(f"{what} is wrong: it has the hash {got}")


@dataclass
class Tally:
    """What the runs amounted to."""

    runs: int = 0
    clients: int = 0
    killed: int = 0
    failed: int = 0  # clients
    bytes_in_files: int = 0
    bytes_served: int = 0
    by_plan: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

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
        return "\n".join(lines + self.faults)


class Runs:
    """Runs one after the other against one server."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.tally = Tally()
        self._seed = seed
        self._folder = folder
        self._server = FaultyServer()

    def close(self) -> None:
        self._server.close()

    def run(self, number: int) -> None:
        draw = random.Random(f"{self._seed}/{number}")
        plan = PLANS[number % len(PLANS)]
        content = draw.randbytes(size(draw))
        file = File(content)
        file.change(content)
        if plan not in (changes, wrong_ranges) and draw.random() < 0.2:
            file.etag = None
        scenario = plan(draw, file)
        scenario.editions = [content, *scenario.editions]
        wrong = self._play(draw, scenario, number)
        self.tally.runs += 1
        self.tally.by_plan[plan.__name__] += 1
        self.tally.bytes_in_files += len(file.content)
        self.tally.bytes_served += file.served
        if wrong:
            self.tally.faults.append(f"run {number} ({plan.__name__}): {'; '.join(wrong)}")

    def _play(self, draw: random.Random, scenario: Scenario, number: int) -> list[str]:
        home = self._folder / str(number)
        digests = {hashlib.sha256(edition).hexdigest() for edition in scenario.editions}
        onlooker = Onlooker(home, digests)
        url = self._server.add(f"/{number}/w.bin", scenario.file)
        pin = hashlib.sha256(scenario.editions[0]).hexdigest() if scenario.pinned else None
        self._start(draw, scenario, (str(home), url, pin, limits_of(draw)), onlooker)
        scenario.file.faults = []
        status = self._wait([self._client((str(home), url, pin, Limits(), None))], onlooker, [])[0]
        wrong = [*onlooker.wrong, *self._leftovers(home, digests)]
        if status != 0:
            wrong.append(f"the retry ended with {status}")
        shutil.rmtree(home, ignore_errors=True)
        del self._server.files[f"/{number}/w.bin"]
        return wrong

    def _start(
        self,
        draw: random.Random,
        scenario: Scenario,
        arguments: tuple[str, str, str | None, Limits],
        onlooker: Onlooker,
    ) -> None:
        """The clients that meet the faults; those that are killed one by one, the rest at once."""
        alone = scenario.kills if scenario.clients == 1 else 0
        for _ in range(alone):
            self._wait(
                [self._client((*arguments, scenario.file_limit))], onlooker, [draw.uniform(0, 0.1)]
            )
        clients = [self._client((*arguments, scenario.file_limit)) for _ in range(scenario.clients)]
        times = [draw.uniform(0, 0.15) for _ in range(scenario.kills - alone)]
        for status in self._wait(clients, onlooker, times):
            if status not in (0, FAILED, -signal.SIGKILL):
                onlooker.wrong.append(f"a client ended with {status}")

    def _client(
        self, arguments: tuple[str, str, str | None, Limits, int | None]
    ) -> multiprocessing.process.BaseProcess:
        process = _context.Process(target=client, args=arguments, daemon=True)
        process.start()
        self.tally.clients += 1
        return process

    def _wait(
        self,
        clients: list[multiprocessing.process.BaseProcess],
        onlooker: Onlooker,
        kill_at: list[float],
    ) -> list[int | None]:
        """Look on until all have ended; some are killed after so many seconds."""
        began = time.monotonic()
        doomed = dict(zip(clients, sorted(kill_at), strict=False))
        while any(process.is_alive() for process in clients):
            onlooker.look()
            for process, seconds in doomed.items():
                if time.monotonic() - began > seconds and process.pid is not None:
                    process.kill()
            time.sleep(POLL)
        onlooker.look()
        statuses = [process.exitcode for process in clients]
        self.tally.killed += statuses.count(-signal.SIGKILL)
        self.tally.failed += statuses.count(FAILED)
        return statuses

    def _leftovers(self, home: Path, digests: set[str]) -> Iterator[str]:
        """What is wrong with the cache, once it has collected what the killed ones left."""
        Cache(home / "hub").collect(grace=-1)
        blobs = [path.name for path in home.glob("hub/blobs/*")]
        if len(blobs) != 1 or blobs[0] not in digests:
            yield f"the cache holds the blobs {blobs}"
        for pattern, count in (("files/*/*", 1), ("records/*", 1), ("partial/*", 0)):
            found = sorted(path.name for path in home.glob(f"hub/{pattern}"))
            if len(found) != count:
                yield f"{pattern} holds {found}"


def run(runs: int, seed: int, folder: Path) -> Tally:
    """Do so many runs and tell what they amounted to."""
    all_runs = Runs(seed, folder)
    try:
        for number in range(runs):
            all_runs.run(number)
    finally:
        all_runs.close()
    return all_runs.tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(options.runs, options.seed, Path(folder))
    print(tally.report())
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
