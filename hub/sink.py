"""Where a source that has no URL writes a file: hashed and counted on the way to the disk."""

from __future__ import annotations

import hashlib
import os
from types import TracebackType
from typing import Self

from hub import stopping
from hub.disk import check_room_in_cache
from hub.progress import meter
from hub.sources import Place, Received


class Sink:
    """A file being written. Leaving the `with` block puts every byte on the disk."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._file = place.body.open("wb")
        self._hash = hashlib.sha256()
        self._meter = meter(place.label, place.progress)
        self.size = 0

    def begin(self, total: int | None) -> None:
        """Announce how many bytes will come, if that is known; CacheError if they cannot fit."""
        if total is not None:
            check_room_in_cache(self._place.label, total, self._place.folder)
        self._meter.begin(0, total)

    def write(self, chunk: bytes) -> None:
        stopping.current().check()
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)
        self._meter.update(len(chunk))

    def received(self, source: str) -> Received:
        """What has been written, once it is complete."""
        return Received(self._place.body, self.size, self._hash.hexdigest(), source)

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
