"""Limits of a transfer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a download. Times are in seconds, speeds in bytes per second."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0  # maximum silence within a body
    slowest: float = 1024.0  # minimum average speed over `slow_for`
    slow_for: float = 30.0
    attempts: int = 5  # failures in a row without a received byte
    attempts_in_all: int = 100
    first_wait: float = 0.5  # maximum of the first wait; doubled at each consecutive failure
    longest_wait: float = 60.0  # maximum wait for Retry-After
    redirects: int = 10
    connections: int = 4  # for one file, if the first connection is slow
    parallel_after: float = 1.0  # seconds of measuring the first connection alone
    parallel_if_left: float = 4.0  # helped if it would take this many seconds more
    piece: int = 16 << 20  # bytes of a helper's request
    checkpoint: int = 1 << 20  # bytes between two notes of progress


LIMITS = Limits()
