"""The numbers that bound a transfer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a download. Times are in seconds, speeds in bytes per second."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0  # the longest silence within a body
    slowest: float = 1024.0  # a lower average over `slow_for` is a failure
    slow_for: float = 30.0
    attempts: int = 5  # failures in a row without a received byte
    attempts_in_all: int = 100
    first_wait: float = 0.5  # the longest first wait; doubled at each failure in a row
    longest_wait: float = 60.0  # what a server asks for in Retry-After is waited up to this
    redirects: int = 10
    connections: int = 4  # for one file, where one connection turns out to be slow
    parallel_after: float = 1.0  # this long one connection is watched alone
    parallel_if_left: float = 4.0  # ... and helped if it would take this much longer
    piece: int = 16 << 20  # bytes that a further connection asks for at a time
    checkpoint: int = 1 << 20  # bytes after which progress is noted for another process


LIMITS = Limits()
