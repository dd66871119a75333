"""Times downloads beside curl and huggingface_hub, from `hub serve` on the loopback.

One large file: `hub.transfer.fetch`, which hashes it and syncs it to the disk, beside `curl`, which
does neither. A repository of many small files: `hub.snapshot` beside the library's
`snapshot_download`. Each turn is a new process with an empty cache; the clock starts after the
imports and, for repositories, after the download of one with a single file, which imports the
rest; the peers alternate. The folder for all files should be in memory, as the speed of the disk is
not measured.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from _bench import duration, machine

BLOCK = 1 << 20  # bytes

CURL = "subprocess.run(['curl', '-sSf', '-o', {target!r}, {url!r}], check=True)"
FETCH = "fetch({url!r}, pathlib.Path({target!r}), ref='the file')"
SNAPSHOT = "hub.snapshot('hf:bench/small', progress=False)"
LIBRARY = "snapshot_download('bench/small')"

# Code that runs before the clock starts.
BEFORE = {
    CURL: "import subprocess",
    FETCH: "import pathlib, requests; from hub.transfer import fetch",
    SNAPSHOT: "import hub; hub.snapshot('hf:bench/one', progress=False)",
    LIBRARY: "from huggingface_hub import snapshot_download; snapshot_download('bench/one')",
}


@dataclass(frozen=True)
class Row:
    """Seconds of each turn, and how many times faster than its peer the hub is, by the medians."""

    case: str
    peer: str
    seconds: list[float]
    peer_seconds: list[float]
    target: float

    @property
    def speed(self) -> float:
        return statistics.median(self.peer_seconds) / statistics.median(self.seconds)


class Bench:
    """A folder, and a server for the models in it."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self._folder = folder
        self._rounds = rounds
        self._models = folder / "models" / "bench"
        self._endpoint = ""

    def make_files(self, megabytes: int, files: int) -> None:
        draw = random.Random(0)
        large, small, one = (self._models / name for name in ("large", "small", "one"))
        for folder in (large, small, one):
            folder.mkdir(parents=True)
        (one / "config.json").write_text("{}")
        block = draw.randbytes(BLOCK)
        with (large / "model.bin").open("wb") as file:
            for _ in range(megabytes):
                file.write(block)
        for number in range(files):
            (small / f"{number}.json").write_bytes(draw.randbytes(draw.randrange(200, 20_000)))

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        command = [sys.executable, "-m", "hub", "serve", "--quiet", "--port", "0"]
        command.append(str(self._models.parent))
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                said = ""
                while not (found := re.search(r"http://[\w.:]+", said)):
                    said = server.stdout.readline()
                    if not said:
                        raise SystemExit("the server ended at once")
                self._endpoint = found[0]
                yield
            finally:
                server.terminate()

    def large(self) -> Row:
        url = f"{self._endpoint}/bench/large/resolve/main/model.bin"
        return self._compare("one large file", (FETCH, CURL, "curl"), 0.9, url=url)

    def small(self) -> Row:
        peers = (SNAPSHOT, LIBRARY, "huggingface_hub")
        return self._compare("many small files", peers, 1.5)

    def _compare(self, case: str, peers: tuple[str, str, str], target: float, **values: str) -> Row:
        ours, theirs, name = peers
        seconds: Mapping[str, list[float]] = {ours: [], theirs: []}
        for turn in range(self._rounds + 1):
            for statement, times in seconds.items():
                elapsed = self._time(statement, values)
                if turn:  # the first turn warms up the server, which hashes its files once
                    times.append(elapsed)
        return Row(case, name, seconds[ours], seconds[theirs], target)

    def _time(self, statement: str, values: Mapping[str, str]) -> float:
        scratch = self._folder / "scratch"
        scratch.mkdir()
        clock = "import time; began = time.perf_counter()"
        timed = statement.format(target=str(scratch / "target"), **values)
        program = f"{BEFORE[statement]}; {clock}; {timed}; print(time.perf_counter() - began)"
        settings = {"HF_ENDPOINT": self._endpoint, "HF_HOME": str(scratch / "hf")}
        settings |= {"BESTIARY_HOME": str(scratch / "home"), "NO_PROXY": "*"}
        settings |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            check=True,
        )
        shutil.rmtree(scratch)
        return float(done.stdout)


def print_row(row: Row) -> None:
    ours, theirs = statistics.median(row.seconds), statistics.median(row.peer_seconds)
    verdict = "ok" if row.speed >= row.target else "under"
    print(
        f"{row.case:<20} {duration(ours):>10}   {row.peer:<16} {duration(theirs):>10}   "
        f"speed x{row.speed:.2f}   >= {row.target:g} {verdict}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    memory = Path("/dev/shm")
    parser.add_argument("--folder", type=Path, default=memory if memory.is_dir() else None)
    parser.add_argument("--only", choices=["large", "small"], help="one of the two cases")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=1000, help="of the large file")
    parser.add_argument("--files", type=int, default=200, help="small ones")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results here as well")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(Path(folder), options.rounds)
        bench.make_files(options.megabytes, options.files)
        rows = []
        with bench.serving():
            for name, measure in (("large", bench.large), ("small", bench.small)):
                if options.only in (None, name):
                    rows.append(measure())
                    print_row(rows[-1])
    if options.json:
        report = [asdict(row) | {"speed": row.speed} for row in rows]
        options.json.write_text(json.dumps({"machine": machine(), "rows": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
