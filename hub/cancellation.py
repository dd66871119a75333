"""Cooperative cancellation of waiting threads.

Python cannot end a thread from outside. Code that starts threads (`hub.parallel`, the helping
connections of a download) gives each a `CancelToken`; everything in the hub that waits, for bytes,
a lock or the next attempt, waits on the token of its thread. The main thread's token is never
cancelled: signals wake it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

_local = threading.local()


class CancelledError(Exception):
    """The work of this thread was cancelled."""


class CancelToken:
    """A token that any thread can cancel; every wait on it then raises CancelledError.

    >>> token = CancelToken()
    >>> token.wait(0.001)
    >>> token.cancel()
    >>> token.wait(60)
    Traceback (most recent call last):
        ...
    hub.cancellation.CancelledError
    """

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def cancel(self) -> None:
        with self._lock:
            self._cancelled.set()
            for callback in self._callbacks:
                callback()

    def check(self) -> None:
        if self._cancelled.is_set():
            raise CancelledError

    def wait(self, seconds: float) -> None:
        """Sleep, unless cancelled meanwhile."""
        if self._cancelled.wait(seconds):
            raise CancelledError

    @contextlib.contextmanager
    def on_cancel(self, callback: Callable[[], None]) -> Iterator[None]:
        """Within the block, cancelling calls `callback` to end the wait of the block.

        It is called from the cancelling thread and must neither wait nor raise.
        """
        with self._lock:
            self.check()
            self._callbacks.append(callback)
        try:
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)
        self.check()  # an apparent end of the data may be the cancellation


_NEVER = CancelToken()


def current() -> CancelToken:
    """The token of this thread."""
    token: CancelToken = getattr(_local, "token", _NEVER)
    return token


@contextlib.contextmanager
def using(token: CancelToken) -> Iterator[None]:
    """Set the token of this thread for the block.

    >>> token = CancelToken()
    >>> with using(token):
    ...     current() is token
    True
    """
    before = current()
    _local.token = token
    try:
        yield
    finally:
        _local.token = before
