"""Files written by sources without URL: hashed and counted while they are written."""

from __future__ import annotations

import hashlib
import os
from types import TracebackType
from typing import Self

from hub import cancellation
from hub.disk import check_room_in_cache
from hub.file_info import LocalFile
from hub.progress import meter
from hub.sources import Destination


class Sink:
    """A file being written, synced at the end of the `with` block."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._file = destination.body.open("wb")
        self._hash = hashlib.sha256()
        self._meter = meter(destination.label, destination.progress)
        self.size = 0

    def begin(self, total: int | None) -> None:
        """Announce the size, if known; CacheError if the disk lacks space."""
        if total is not None:
            check_room_in_cache(self._destination.label, total, self._destination.folder)
        self._meter.begin(0, total)

    def write(self, chunk: bytes) -> None:
        cancellation.current().check()
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)
        self._meter.update(len(chunk))

    def received(self, source: str) -> LocalFile:
        """The complete file."""
        return LocalFile(self.size, self._hash.hexdigest(), source, path=self._destination.body)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._meter.close()
        with self._file:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())
