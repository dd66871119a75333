"""Periodic notes of the received ranges, written by a separate thread.

Writing a note waits for the disk (see `Partial`), which the receiving thread must not.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

_INTERVAL = 1.0  # seconds after which fewer bytes than `size` are noted too
_PAUSE = 0.1  # seconds between two notes: syncing more often would slow down a fast connection


class Checkpoints:
    """Calls `note` after each `size` bytes, and after a second with fewer.

    A killed process loses the bytes since the last note. OSError from `note` is ignored: the
    previous note remains valid, and the writing thread reports a full disk.
    """

    def __init__(self, note: Callable[[], None], size: int) -> None:
        self._note = note
        self._size = size
        self._began = time.monotonic()
        self._unnoted = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, count: int) -> None:
        """Count bytes that were written, from any thread."""
        with self._changed:
            self._unnoted += count
            is_due = self._unnoted >= self._size
            if self._thread is not None:
                if is_due:
                    self._changed.notify()
            elif (is_due or time.monotonic() - self._began >= _INTERVAL) and not self._closed:
                # Started late: most files of a repository are complete before they need it.
                self._thread = threading.Thread(target=self._run, name="hub-note", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop, and wait for a note being written."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._closed:
            if self._unnoted:
                with self._changed:
                    self._unnoted = 0
                with contextlib.suppress(OSError):
                    self._note()
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=_PAUSE)
                self._changed.wait_for(
                    lambda: self._closed or self._unnoted >= self._size, timeout=_INTERVAL
                )
