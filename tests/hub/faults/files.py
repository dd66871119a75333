"""Runs of single files by their URLs."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

from tests.hub.faults import plans
from tests.hub.faults.clients import Task
from tests.hub.faults.observers import FileObserver
from tests.hub.faults.plans import Plan
from tests.hub.faulty import FaultyServer, File


class FileJob:
    """One file that several clients download."""

    def __init__(self, draw: random.Random, plan: Plan, server: FaultyServer, number: int) -> None:
        self._path = f"/{number}/w.bin"
        self._server = server
        content = draw.randbytes(plans.size(draw))
        self.file = File(content)
        self.file.change(content)
        if plan not in (plans.changes, plans.wrong_ranges) and draw.random() < 0.2:
            self.file.etag = None
        self.scenario = plan(draw, self.file)
        versions = [content, *self.scenario.versions]
        self._digests = {hashlib.sha256(version).hexdigest() for version in versions}
        pin = hashlib.sha256(content).hexdigest() if self.scenario.pinned else None
        self._task = Task(server.add(self._path, self.file), pin)

    def task(self, draw: random.Random) -> Task:
        return self._task

    def observer(self, home: Path) -> FileObserver:
        return FileObserver(home / "own" / "hub", self._digests)

    def end_faults(self) -> None:
        self.file.faults = []

    def traffic(self) -> tuple[int, int]:
        """Bytes of files, and bytes served."""
        return len(self.file.content), self.file.served

    def leftovers(self, home: Path) -> Iterator[str]:
        """Faults of the cache after garbage collection."""
        blobs = [path.name for path in home.glob("own/hub/blobs/*")]
        if len(blobs) != 1 or blobs[0] not in self._digests:
            yield f"the cache holds the blobs {blobs}"
        for pattern, count in (
            ("files/*/*", 1),
            ("records/*", 1),
            ("partial/*", 0),
            ("locks/*", 0),
        ):
            found = sorted(path.name for path in home.glob(f"own/hub/{pattern}"))
            if len(found) != count:
                yield f"{pattern} holds {found}"

    def close(self) -> None:
        del self._server.files[self._path]
