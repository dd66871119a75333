"""Work in threads that somebody may want to end: at once, wherever it waits.

A thread cannot be ended from outside; it can be told to end itself. What works on many things at a
time (`hub.parallel`, the further connections of a file) gives its threads a `Stop`. Whatever waits
in the hub, for bytes, for a lock, for its next attempt, asks for the one of its own thread and
waits in a way that the stop ends. The main thread has one that nobody sets: signals wake it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

_mine = threading.local()


class StoppedError(Exception):
    """This work was given up; whoever gave it up knows why."""


class Stop:
    """Set once, from any thread; then all that waits under it raises StoppedError.

    >>> stop = Stop()
    >>> stop.wait(0.001)
    >>> stop.set()
    >>> stop.wait(60)
    Traceback (most recent call last):
        ...
    hub.stopping.StoppedError
    """

    def __init__(self) -> None:
        self._is_set = threading.Event()
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], None]] = []

    def set(self) -> None:
        with self._lock:
            self._is_set.set()
            for interrupt in self._interrupts:
                interrupt()

    def check(self) -> None:
        if self._is_set.is_set():
            raise StoppedError

    def wait(self, seconds: float) -> None:
        """Sleep, unless the work is given up meanwhile."""
        if self._is_set.wait(seconds):
            raise StoppedError

    @contextlib.contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Within the block, setting the stop calls `interrupt` to end what the block waits for.

        It is called from the thread that sets the stop, and must neither wait nor raise.
        """
        with self._lock:
            self.check()
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
        self.check()  # what looks like an end may be the interruption


_NEVER = Stop()


def current() -> Stop:
    """The stop of this thread."""
    return getattr(_mine, "stop", _NEVER)


@contextlib.contextmanager
def under(stop: Stop) -> Iterator[None]:
    """Have this thread wait under a stop until the block ends.

    >>> stop = Stop()
    >>> with under(stop):
    ...     current() is stop
    True
    """
    before = current()
    _mine.stop = stop
    try:
        yield
    finally:
        _mine.stop = before
