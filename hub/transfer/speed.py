"""A bandwidth limit that all transfers share, and a minimum speed of each."""

from __future__ import annotations

import functools
import os
import re
import threading
import time

from hub import cancellation
from hub.errors import HubError
from hub.text import format_count
from hub.transfer.limits import Limits
from hub.transfer.retry import Transient


class Throttle:
    """A bucket of tokens, one per byte, that fills at `rate` bytes per second.

    Any number of threads draw from it, and together they get no more than the rate, bursts of a
    tenth of a second apart.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free_at = 0.0  # the time at which what has been drawn will be paid for

    @property
    def burst(self) -> int:
        """The most bytes that should be drawn at once."""
        return max(1, int(self._rate / 10))

    def draw(self, count: int) -> float:
        """Wait until `count` more bytes are allowed; returns the seconds waited."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - 0.1) + count / self._rate
            wait = self._free_at - now
        if wait <= 0:
            return 0.0
        cancellation.current().wait(wait)
        return wait


class MinimumSpeed:
    """Detects a stream that is alive but too slow."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._since = time.monotonic()
        self._count = 0

    def passed(self, count: int, waited: float = 0.0) -> None:
        """Count received bytes, and the time that a throttle held them up; TooSlow on too few."""
        self._count += count
        self._since += waited
        elapsed = time.monotonic() - self._since
        if elapsed < self._limits.slow_for:
            return
        if self._count / elapsed < self._limits.slowest:
            raise TooSlow(f"the server sent {format_count(self._count, 'byte')} in {elapsed:.0f} s")
        self._since += elapsed
        self._count = 0


class TooSlow(Transient):
    """The received bytes are kept, but do not count as progress."""


_limit: Throttle | None = None


def set_limit(rate: float | None) -> None:
    """Limit all transfers of this process together to so many bytes per second, or not any more."""
    global _limit
    _limit = Throttle(rate) if rate else None


def shared() -> Throttle | None:
    """The limit of this process: that of `set_limit`, or else of $BESTIARY_LIMIT_RATE."""
    rate = os.environ.get("BESTIARY_LIMIT_RATE")
    return _limit or (_throttle(parse_rate(rate)) if rate else None)


def parse_rate(text: str) -> float:
    """Bytes per second; HubError if the text is no such number.

    >>> parse_rate("500k"), parse_rate("1.5M"), parse_rate("1G")
    (500000.0, 1500000.0, 1000000000.0)
    """
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([kMG]?)", text.strip())
    if not found or float(found[1]) == 0:
        raise HubError(f"a limit of speed is bytes per second, like 500k, 2M or 1G, not {text!r}")
    return float(found[1]) * {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}[found[2]]


@functools.cache
def _throttle(rate: float) -> Throttle:
    return Throttle(rate)
