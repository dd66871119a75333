"""Progress of many files at once: one bar for all bytes, and one for each large file."""

from __future__ import annotations

import threading

from hub.progress import Bar, Meter, bar

_OWN_BAR = 8 << 20  # bytes: smaller files complete before their bar could be read


class DownloadProgress:
    """The bars of a download of several files. Threads may share it."""

    def __init__(self, label: str, total: int, progress: bool | None) -> None:
        self._total = bar(label, total, progress)
        self._progress = progress
        self._lock = threading.Lock()

    def meter(self, label: str, size: int) -> Meter:
        """The meter of one of the files."""
        own = Bar(label, self._progress) if size >= _OWN_BAR else Meter()
        return _Share(self, own, size)

    def add(self, count: int) -> None:
        """Count received bytes; negative if a file is restarted."""
        with self._lock:
            self._total.update(count)

    def close(self) -> None:
        self._total.close()


class _Share(Meter):
    """Counts the bytes of one file, in its own bar and in the total."""

    def __init__(self, bars: DownloadProgress, own: Meter, size: int) -> None:
        self._bars = bars
        self._own = own
        self._size = size
        self._counted = 0
        self._lock = threading.Lock()

    def begin(self, done: int, total: int | None) -> None:
        self._own.begin(done, total)
        self._count(done - self._counted)

    def update(self, count: int) -> None:
        self._own.update(count)
        self._count(count)

    def close(self) -> None:
        """Count the file as complete."""
        self._own.close()
        self._count(self._size - self._counted)

    def _count(self, count: int) -> None:
        with self._lock:
            self._counted += count
        self._bars.add(count)
