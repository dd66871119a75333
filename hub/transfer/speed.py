"""A bandwidth limit shared by all transfers, and a minimum speed of each."""

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
    """A token bucket, one token per byte, filled at `rate` bytes per second.

    Any number of threads may draw from it; together they do not exceed the rate, except for
    bursts of a tenth of a second.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free_at = 0.0  # the time at which drawn tokens are refilled

    @property
    def burst(self) -> int:
        """The maximum of bytes to draw at a time."""
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
    """Detects a stream that is active but too slow."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._since = time.monotonic()
        self._count = 0

    def passed(self, count: int, waited: float = 0.0) -> None:
        """Count received bytes and the throttle's delay; raises TooSlow."""
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
    """The stream is too slow; received bytes are kept but do not count as progress."""


_limit: Throttle | None = None


def set_limit(rate: float | None) -> None:
    """Limit the total speed of this process's transfers in bytes per second; None: no limit."""
    global _limit
    _limit = Throttle(rate) if rate else None


def shared() -> Throttle | None:
    """The limit of this process: set by `set_limit`, or else $BESTIARY_LIMIT_RATE."""
    rate = os.environ.get("BESTIARY_LIMIT_RATE")
    return _limit or (_throttle(parse_rate(rate)) if rate else None)


def parse_rate(text: str) -> float:
    """Parse bytes per second; HubError if the text is malformed.

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
