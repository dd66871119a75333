"""Benchmarks the same statements in two modules of the same interface, alternately.

Each module runs in its own worker process, which sleeps during the other's turn. The parent sends
requests as JSON lines and prints the tables. A benchmark is a list of `Case`s and a call of
`main`.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import IO, Any

CONTIGUOUS = "contiguous"
CHANNELS_LAST = "channels_last"
CORES = len(os.sched_getaffinity(0))
# Threads of a parallel region spin for a moment; the next turn begins after that.
PAUSE_SECONDS = 0.02
SAMPLE_SECONDS = 0.005
# Seconds after which a case gets only a few more rounds.
CASE_SECONDS = 20.0
FEWEST_ROUNDS = 3
# Limit of an operation with one core busy, in multiples of its one-thread time.
BUSY_TARGET = 2.0


@dataclass(frozen=True)
class Case:
    """A statement to time; `setup(torch, layout)` returns its variables."""

    name: str
    statement: str
    setup: Callable[[Any, str], dict[str, Any]]
    target: float | None = None  # of the ratio to the peer
    seconds_target: float | None = None  # of the engine's own time
    threads: tuple[int, ...] = tuple(sorted({1, CORES}))
    # Layouts for the peer, of which the best counts; the engine always gets the first.
    layouts: tuple[str, ...] = (CONTIGUOUS,)
    busy: bool = False  # measured with a busy core as well


@dataclass(frozen=True)
class Timing:
    """Seconds per call: the median of all samples, and half of their interquartile range."""

    median: float
    spread: float
    layout: str = CONTIGUOUS

    @classmethod
    def of(cls, samples: Sequence[float], layout: str) -> Timing:
        if len(samples) < 2:
            return cls(samples[0], 0.0, layout)
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, (high - low) / 2, layout)

    def __str__(self) -> str:
        return f"{duration(self.median)} ±{self.spread / self.median:4.0%}"


@dataclass
class Row:
    case: str
    threads: int
    target: float | None = None
    seconds_target: float | None = None
    engine: Timing | None = None
    peer: Timing | None = None
    others_busy: float = 0.0  # cores used by other processes meanwhile
    errors: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        return self.engine.median / self.peer.median if self.engine and self.peer else None


# The worker's side.


def serve(module_name: str, cases: Sequence[Case]) -> None:
    """Answers the requests on standard input until it is closed."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # output of the module must not mix with the answers
    module = importlib.import_module(module_name)
    by_name = {case.name: case for case in cases}
    timers: dict[str, tuple[timeit.Timer, int]] = {}
    answer: dict[str, Any] = {"version": getattr(module, "__version__", "?")}
    print(json.dumps(answer), file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _answer(module, by_name, timers, request)
        except Exception as error:  # other cases continue
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


def _answer(
    module: ModuleType,
    cases: dict[str, Case],
    timers: dict[str, tuple[timeit.Timer, int]],
    request: dict[str, Any],
) -> dict[str, Any]:
    if request["do"] == "forget":
        timers.clear()
        gc.collect()
        return {}
    module.set_num_threads(request["threads"])
    layout = request["layout"]
    if request["do"] == "prepare":
        case = cases[request["case"]]
        timer = timeit.Timer(case.statement, globals=case.setup(module, layout))
        timers[layout] = timer, _calls_per_sample(timer)
        return {}
    timer, calls = timers[layout]
    return {"samples": _samples(timer, calls, request["seconds"])}


def _calls_per_sample(timer: timeit.Timer) -> int:
    first = timer.timeit(1)  # may initialise caches
    calls = 1
    if first > 100 * SAMPLE_SECONDS:
        return calls
    while calls < 1_000_000 and timer.timeit(calls) < SAMPLE_SECONDS:
        calls *= 2
    return calls


def _samples(timer: timeit.Timer, calls: int, seconds: float) -> list[float]:
    if calls > 1:
        timer.timeit(calls)  # caches and threads are cold after the other worker's turn
    end = time.perf_counter() + seconds
    samples = [timer.timeit(calls) / calls]
    while time.perf_counter() < end:
        samples.append(timer.timeit(calls) / calls)
    return samples


# The parent's side.


class WorkerError(Exception):
    """A case failed in a worker; the message is the worker's."""


class Worker:
    """A process that measures one module."""

    def __init__(self, script: str, module: str) -> None:
        self.module = module
        command = [sys.executable, script, "--worker", module]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin and self._process.stdout
        self._requests: IO[str] = self._process.stdin
        self._answers: IO[str] = self._process.stdout
        self.pid = self._process.pid
        self.version = self._receive()["version"]

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        print(json.dumps({"do": do, **request}), file=self._requests, flush=True)
        answer = self._receive()
        time.sleep(PAUSE_SECONDS)
        if "error" in answer:
            raise WorkerError(f"{self.module}: {answer['error']}")
        return answer

    def close(self) -> None:
        self._requests.close()
        self._process.wait()

    def _receive(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise SystemExit(f"the worker for {self.module} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Others:
    """Number of cores used by other processes, from the kernel's clocks."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = [os.getpid(), *pids]
        self._start = time.perf_counter(), *self._clocks()

    def busy_cores(self) -> float:
        began, all_before, own_before = self._start
        all_now, own_now = self._clocks()
        elapsed = time.perf_counter() - began
        return max(0.0, (all_now - all_before - (own_now - own_before)) / elapsed)

    def _clocks(self) -> tuple[float, float]:
        # proc(5): user nice system idle iowait irq softirq steal; utime and stime are 14 and 15.
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        busy = sum(map(int, fields)) - int(fields[3]) - int(fields[4])
        own = 0
        for pid in self._pids:
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            own += int(after_name[11]) + int(after_name[12])
        tick = os.sysconf("SC_CLK_TCK")
        return busy / tick, own / tick


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """Keeps the last core busy, as another program would."""
    core = max(os.sched_getaffinity(0))
    spin = (
        f"import os; os.sched_setaffinity(0, {{{core}}})\n"
        f"while os.getppid() == {os.getpid()}:\n    sum(range(100_000))"
    )
    process = subprocess.Popen([sys.executable, "-c", spin])
    try:
        time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def measure(
    case: Case, threads: int, workers: Sequence[Worker], rounds: int, seconds: float
) -> Row:
    """Times a case in every worker, round by round. The first worker is the engine's."""
    row = Row(case.name, threads, case.target, case.seconds_target)
    others = Others([worker.pid for worker in workers])
    samples: dict[tuple[Worker, str], list[float]] = {}
    for worker in workers:
        for layout in case.layouts[:1] if worker is workers[0] else case.layouts:
            try:
                worker.ask("prepare", case=case.name, threads=threads, layout=layout)
                samples[worker, layout] = []
            except WorkerError as error:
                row.errors.append(str(error))
    began = time.perf_counter()
    for done in range(rounds):
        if done >= FEWEST_ROUNDS and time.perf_counter() - began > CASE_SECONDS:
            break
        for (worker, layout), times in samples.items():
            answer = worker.ask("measure", threads=threads, layout=layout, seconds=seconds)
            times += answer["samples"]
    timings = {key: Timing.of(times, key[1]) for key, times in samples.items()}
    row.engine = _best([t for (worker, _), t in timings.items() if worker is workers[0]])
    row.peer = _best([t for (worker, _), t in timings.items() if worker is not workers[0]])
    row.others_busy = others.busy_cores()
    for worker in workers:
        worker.ask("forget")
    return row


def _best(timings: list[Timing]) -> Timing | None:
    return min(timings, key=lambda t: t.median, default=None)


def duration(seconds: float) -> str:
    """
    >>> duration(1.5e-6)
    ' 1.50 us'
    """
    for unit, factor in (("us", 1e6), ("ms", 1e3)):
        if seconds * factor < 1000:
            return f"{seconds * factor:5.{2 if seconds * factor < 100 else 1}f} {unit}"
    return f"{seconds:5.2f} s "


def verdict(value: float | None, target: float | None, unit: str = "") -> str:
    """
    >>> verdict(0.2, 0.3), verdict(70.0, 60, " MB")
    ('<= 0.3 ok', '<= 60 MB over')
    """
    if value is None or target is None:
        return ""
    return f"<= {target:g}{unit} {'ok' if value <= target else 'over'}"


def print_row(row: Row) -> None:
    layout = "nhwc" if row.peer and row.peer.layout == CHANNELS_LAST else ""
    ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
    times = [str(timing) if timing else "-" for timing in (row.engine, row.peer)]
    verdicts = verdict(row.ratio, row.target)
    if row.engine and row.seconds_target:
        verdicts += verdict(row.engine.median, row.seconds_target, " s")
    print(
        f"{row.case:<44} {row.threads:>2}T {times[0]:>15} {times[1]:>15} {layout:<4} {ratio:>6}  "
        f"{verdicts:<14} {row.others_busy:4.2f}",
        flush=True,
    )
    for error in row.errors:
        print(f"    {error}", flush=True)


def print_heading(workers: Sequence[Worker]) -> None:
    names = [worker.module for worker in workers] + ["-"]
    print(
        f"{'case':<44} {'':>3} {names[0]:>15} {names[1]:>15} {'':<4} {'ratio':>6}  "
        f"{'target':<14} others' cores"
    )


def run_busy(
    cases: Sequence[Case], workers: Sequence[Worker], rounds: int, seconds: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """All threads with one core busy, compared with one thread on the free machine."""
    print(f"\nA busy core: {CORES} threads while another process keeps one of {CORES} cores busy")
    results = []
    errors = []
    for case in cases:
        free = measure(case, 1, workers, rounds, seconds)
        with busy_core():
            busy = measure(case, CORES, workers, rounds, seconds)
        errors += free.errors + busy.errors
        for worker, side in zip(workers, ("engine", "peer"), strict=False):
            alone, beside = getattr(free, side), getattr(busy, side)
            if not alone or not beside:
                continue
            slower = beside.median / alone.median
            target = BUSY_TARGET if side == "engine" else None
            print(
                f"{case.name:<44} {worker.module:<8} 1T {alone}  busy {beside}  "
                f"x{slower:.2f}  {verdict(slower, target)}",
                flush=True,
            )
            results.append(
                {"case": case.name, "side": side, "slower": slower, "target": target}
                | {"one_thread": asdict(alone), "busy": asdict(beside)}
            )
    return results, errors


def machine() -> dict[str, Any]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {"cpu": cpu[1] if cpu else "unknown", "cores": CORES, "python": sys.version.split()[0]}


def parse_arguments(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", metavar="PATTERN", default="", help="cases that match this regex")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results here as well")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each module per case")
    parser.add_argument("--seconds", type=float, default=0.05, help="length of a turn")
    parser.add_argument("--engine", default="engine", metavar="MODULE", help="what is measured")
    parser.add_argument("--peer", default="torch", metavar="MODULE", help="what beside")
    parser.add_argument("--worker", metavar="MODULE", help=argparse.SUPPRESS)
    return parser.parse_args()


def modules_to_measure(arguments: argparse.Namespace) -> list[str]:
    if importlib.util.find_spec(arguments.peer):
        return [arguments.engine, arguments.peer]
    print(f"{arguments.peer} is not installed: no ratios. `make bench` sees to that.")
    return [arguments.engine]


def main(
    description: str | None,
    cases: Sequence[Case],
    extra: Callable[[list[str], argparse.Namespace], dict[str, Any]] | None = None,
) -> None:
    """The command line of a benchmark. `extra` adds measurements in fresh processes."""
    arguments = parse_arguments(description)
    if arguments.worker:
        serve(arguments.worker, cases)
        return
    modules = modules_to_measure(arguments)
    chosen = [case for case in cases if re.search(arguments.only, case.name)]
    report: dict[str, Any] = {"machine": machine()}
    workers = [Worker(sys.argv[0], module) for module in modules]
    report["versions"] = {worker.module: worker.version for worker in workers}
    print(report["machine"], report["versions"])
    print_heading(workers)
    rows = []
    for case in chosen:
        for threads in case.threads:
            rows.append(measure(case, threads, workers, arguments.rounds, arguments.seconds))
            print_row(rows[-1])
    report["rows"] = [asdict(row) | {"ratio": row.ratio} for row in rows]
    errors = [error for row in rows for error in row.errors]
    busy = [case for case in chosen if case.busy]
    if busy and CORES > 1:
        report["busy"], busy_errors = run_busy(busy, workers, arguments.rounds, arguments.seconds)
        errors += busy_errors
    for worker in workers:
        worker.close()
    if extra:
        report["extra"] = extra(modules, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    if errors:
        raise SystemExit(f"failed measurements: {len(errors)}")
