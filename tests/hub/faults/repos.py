"""Runs of repositories with faults in answers and files."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from tests.hub import faulty
from tests.hub.fake_hub import FakeHub, etag
from tests.hub.faults import plans
from tests.hub.faults.clients import Task
from tests.hub.faults.observers import RepoObserver, target
from tests.hub.faults.plans import Plan, Scenario
from tests.hub.faulty import Fault, File, Reply

_HEADER = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}'
_PATHS = ["config.json", "README.md", "model.safetensors", "a/b/tokens.txt", "onnx/model.bin"]
_PATHS += [f"shard-{number}.bin" for number in range(4)]


class RepoJob:
    """A repository that several clients download, by the library or by the command."""

    def __init__(self, draw: random.Random, plan: Plan, server: FakeHub, number: int) -> None:
        self._name = f"org/run-{number}"
        self._server = server
        self._repo = server.repo(self._name, contents(draw))
        if draw.random() < 0.5:
            self._repo.store = server.elsewhere
        self.scenario = self._plan(draw, plan)
        self._repo.api_faults = [draw.choice(_api_faults(draw)) for _ in range(draw.randrange(4))]

    def _plan(self, draw: random.Random, plan: Plan) -> Scenario:
        commit = self._repo.refs["main"]
        if plan is plans.changes:
            scenario = Scenario(kills=draw.randrange(2))
            for path in draw.sample(sorted(self._repo.commits[commit]), draw.randint(1, 2)):
                self._repo.body(commit, path).faults = [self._moves(draw)]
        else:
            for path in draw.sample(sorted(self._repo.commits[commit]), draw.randint(1, 3)):
                scenario = plan(draw, self._repo.body(commit, path))
        scenario.killed_within = 0.3  # requests about the repository precede the files
        scenario.kills = max(scenario.kills, draw.choice([0, 0, 1, 2]))
        if scenario.clients == 1:
            scenario.clients = draw.choice([1, 1, 2, 3, 5, 8])
        if scenario.filled_after is None and scenario.room is not None:
            scenario.room = draw.randrange(self._size() + 32 * plans.KILO)
        return scenario

    def _moves(self, draw: random.Random) -> Fault:
        """Close the connection in the middle, and move the branch to another commit."""
        sixteenths, files = draw.randrange(17), contents(draw)

        def fault(file: File, reply: Reply) -> None:
            reply.sent = len(reply.body) * sixteenths // 16
            kept = self._repo.commits[self._repo.refs["main"]]
            self._repo.commit({**dict(list(kept.items())[::2]), **files})

        return fault

    def task(self, draw: random.Random) -> Task:
        ref = f"hf:{self._name}"
        return draw.choice([Task(repository=ref), Task(command=("download", ref))])

    def observer(self, home: Path) -> RepoObserver:
        return RepoObserver(self._folder(home), self._repo)

    def end_faults(self) -> None:
        self._repo.api_faults = []
        for body in self._repo.bodies():
            body.faults = []

    def _size(self) -> int:
        commits = self._repo.commits.values()
        found = {etag(path, content): content for each in commits for path, content in each.items()}
        return sum(map(len, found.values()))

    def traffic(self) -> tuple[int, int]:
        """Bytes of files, and bytes served."""
        return self._size(), sum(body.served for body in self._repo.bodies())

    def leftovers(self, home: Path) -> Iterator[str]:
        """Faults of the cache after garbage collection."""
        folder, commit = self._folder(home), self._repo.refs["main"]
        if (folder / "refs" / "main").read_text() != commit:
            yield "the branch is not the one of the server"
        for path, content in self._repo.commits[commit].items():
            if (folder / "snapshots" / commit / path).read_bytes() != content:
                yield f"{path} has other bytes"
        shown = {target(path).name for path in folder.glob("snapshots/**/*") if path.is_file()}
        blobs = {path.name for path in folder.glob("blobs/*")}
        if blobs != shown:
            yield f"blobs that are not shown: {sorted(blobs - shown)}"
        others = {path.name for path in folder.iterdir()} - {"blobs", "snapshots", "refs", "trees"}
        others |= {path.name for path in home.glob("hf/.locks/*/*")}
        others |= {path.name for path in home.glob("own/hub/*/*") if path.suffix != ".json"}
        if others:
            yield f"left: {sorted(others)}"
        stored = [fields for _, path, fields in self._server.requests if path.startswith("/store/")]
        if any("Authorization" in fields for fields in stored):
            yield "the token was sent to another origin"

    def _folder(self, home: Path) -> Path:
        return home / "hf" / f"models--{self._name.replace('/', '--')}"

    def close(self) -> None:
        del self._server.repos[self._name]
        self._server.requests.clear()


def contents(draw: random.Random) -> dict[str, bytes]:
    """Some files, two possibly with the same bytes, and one of weights."""
    paths = draw.sample(_PATHS, draw.randint(3, len(_PATHS)))
    files = {path: draw.randbytes(draw.choice([0, 1, 3000, 40_000, 200_000])) for path in paths}
    if "model.safetensors" in files:
        data = files["model.safetensors"]
        header = _HEADER % (len(data), len(data))
        header += b" " * (-len(header) % 8)
        files["model.safetensors"] = len(header).to_bytes(8, "little") + header + data
    if draw.random() < 0.3 and "shard-0.bin" in files:
        files["shard-1.bin"] = files["shard-0.bin"]
    return files


def _api_faults(draw: random.Random) -> list[Fault | None]:
    """A random fault of an answer about the repository."""
    codes = [408, 500, 502, 503, 504]
    return [
        None,
        faulty.cut(draw.randrange(16)),
        faulty.stall(draw.randrange(16), 0.2),
        faulty.status(draw.choice(codes)),
        faulty.status(429, draw.choice([None, "0", "1", "999"])),
        faulty.web_page,
    ]
