"""Transient failures, and the wait before the next attempt."""

from __future__ import annotations

import logging
import random
import time
from email.utils import parsedate_to_datetime

from hub import cancellation
from hub.errors import FetchError
from hub.transfer.limits import Limits

_log = logging.getLogger("hub")


class Transient(Exception):
    """A failure that a retry may resolve; `wait` is Retry-After in seconds."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Retries:
    """The retries of one transfer.

    Waits follow "exponential backoff and full jitter": a random time below a limit that doubles,
    so that clients that fail together do not retry together.
    """

    def __init__(self, ref: str, limits: Limits) -> None:
        self._ref = ref
        self._limits = limits
        self._in_a_row = 0
        self._in_all = 0

    def wait(self, error: Transient, *, progress: bool) -> None:
        """Wait for the next attempt; FetchError if there is none. `progress` resets the count."""
        cancellation.current().check()  # the failure may be due to a cancellation
        self._in_a_row = 1 if progress else self._in_a_row + 1
        self._in_all += 1
        limits = self._limits
        if self._in_a_row >= limits.attempts or self._in_all >= limits.attempts_in_all:
            raise FetchError(
                f"{self._ref}: {error}, after {self._in_all} attempts: try again later, "
                "which resumes the download"
            ) from error
        if error.wait is None:
            longest = min(limits.first_wait * 2.0 ** (self._in_a_row - 1), limits.longest_wait)
            seconds = random.uniform(0, longest)
        elif error.wait > limits.longest_wait:
            raise FetchError(
                f"{self._ref}: {error}; the server asks to wait {error.wait:.0f} s: do so"
            ) from error
        else:
            seconds = error.wait
        _log.info("%s: %s; next attempt in %.1f s", self._ref, error, seconds)
        cancellation.current().wait(seconds)


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from a number or date in the header (RFC 9110, 10.2.3).

    >>> retry_after("120"), retry_after(None), retry_after("soon")
    (120.0, None, None)
    """
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
