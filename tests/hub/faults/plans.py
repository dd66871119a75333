"""Plans of runs: the faults of a file, and the events of the clients."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.transfer import Limits
from tests.hub import faulty
from tests.hub.faulty import File

KILO = 1 << 10


@dataclass
class Scenario:
    """The events of a run beside the faults of its files."""

    pinned: bool = False
    clients: int = 1
    kills: int = 0
    killed_within: float = 0.15  # seconds
    file_limit: int | None = None  # maximum of bytes that a client can write to one file
    room: int | None = None  # free bytes on the disk of the cache
    filled_after: float | None = None  # seconds after which another program uses them
    versions: list[bytes] = field(default_factory=list)


Plan = Callable[[random.Random, File], Scenario]


def cuts(draw: random.Random, file: File) -> Scenario:
    file.faults = [faulty.cut(draw.randrange(17)) for _ in range(draw.randint(1, 20))]
    return Scenario()


def stalls(draw: random.Random, file: File) -> Scenario:
    file.faults = [faulty.stall(draw.randrange(17), 0.4) for _ in range(draw.randint(1, 3))]
    return Scenario()


def drips(draw: random.Random, file: File) -> Scenario:
    file.faults = [faulty.drip(100, 0.01) for _ in range(draw.randint(1, 3))]
    return Scenario()


def errors(draw: random.Random, file: File) -> Scenario:
    codes = [draw.choice([408, 500, 502, 503, 504]) for _ in range(draw.randint(1, 6))]
    file.faults = [draw.choice([None, faulty.status(code), faulty.cut(8)]) for code in codes]
    return Scenario()


def too_many_requests(draw: random.Random, file: File) -> Scenario:
    waits = [draw.choice([None, "0", "1", "999", "soon"]) for _ in range(draw.randint(1, 4))]
    file.faults = [faulty.status(429, wait) for wait in waits]
    return Scenario()


def flipped_bytes(draw: random.Random, file: File) -> Scenario:
    flips: list[faulty.Fault | None] = [faulty.flip(draw.random()) for _ in range(2)]
    file.faults = draw.choice([flips, [faulty.cut(draw.randrange(17)), *flips]])
    return Scenario(pinned=True)


def wrong_lengths(draw: random.Random, file: File) -> Scenario:
    lie = draw.choice([faulty.shorter, faulty.longer])
    cut = draw.choice([None, faulty.cut(8)])
    file.faults = [cut, lie(draw.choice([1, 1000, 100_000]))]
    return Scenario(pinned=True)


def web_pages(draw: random.Random, file: File) -> Scenario:
    file.faults = [draw.choice([None, faulty.cut(8)]), faulty.web_page]
    return Scenario()


def wrong_ranges(draw: random.Random, file: File) -> Scenario:
    lies = [faulty.ignore_range, faulty.shift_range, faulty.cut(3)]
    file.faults = [faulty.cut(draw.randrange(17)), *draw.choices(lies, k=4)]
    return Scenario()


def changes(draw: random.Random, file: File) -> Scenario:
    """The file changes to other versions while it is fetched; a repository to another commit."""
    sizes = [draw.choice([len(file.content), size(draw)]) for _ in range(draw.randint(1, 3))]
    versions = [draw.randbytes(count) for count in sizes]
    file.faults = [faulty.change(version, draw.randrange(1, 17)) for version in versions]
    return Scenario(kills=draw.randrange(2), versions=versions)


def full_disk(draw: random.Random, file: File) -> Scenario:
    """A limit of file size, which fails like a quota."""
    return Scenario(file_limit=draw.randrange(len(file.content) + 2 * KILO) + 2 * KILO)


def small_disk(draw: random.Random, file: File) -> Scenario:
    """A disk that is too small from the start, or filled by another program."""
    file.faults = [faulty.drip(len(file.content) // 10 + 1, 0.004)] * 4
    if draw.random() < 0.5:
        return Scenario(room=draw.randrange(len(file.content) + 16 * KILO))
    return Scenario(room=4 << 20, filled_after=draw.uniform(0, 0.1))


def kills(draw: random.Random, file: File) -> Scenario:
    file.faults = [faulty.drip(len(file.content) // 20 + 1, 0.004)] * 4
    return Scenario(kills=draw.randint(1, 4), pinned=draw.random() < 0.5)


def eight_clients(draw: random.Random, file: File) -> Scenario:
    file.faults = [draw.choice([None, faulty.cut(8), faulty.status(503)]) for _ in range(3)]
    return Scenario(clients=8, kills=draw.choice([0, 0, 3]))


PLANS: list[Plan] = [
    cuts,
    stalls,
    drips,
    errors,
    too_many_requests,
    flipped_bytes,
    wrong_lengths,
    web_pages,
    wrong_ranges,
    changes,
    full_disk,
    small_disk,
    kills,
    eight_clients,
]


def size(draw: random.Random) -> int:
    """Usually some hundred kilobytes; sometimes none or few bytes."""
    return draw.choice([0, 1, draw.randrange(5000)] + [draw.randrange(1 << 20) for _ in range(9)])


def limits_of(draw: random.Random) -> Limits:
    """Short limits, half of the time with several connections from the start."""
    side_by_side = draw.random() < 0.5
    return Limits(
        read_timeout=0.25,
        slowest=50_000,
        slow_for=0.15,
        attempts=4,
        first_wait=0.005,
        longest_wait=1.0,
        parallel_after=0 if side_by_side else 60,
        parallel_if_left=0,
        piece=64 * KILO,
        checkpoint=32 * KILO,
    )
