"""Connections that receive a file: the first, and helpers if it is slow."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable

from hub import cancellation
from hub.cancellation import CancelledError, CancelToken
from hub.errors import FetchError
from hub.progress import Meter
from hub.text import format_count
from hub.transfer.http import Answer, Client
from hub.transfer.limits import Limits
from hub.transfer.partial import Partial, Version
from hub.transfer.plan import Claim, Plan
from hub.transfer.retry import Transient
from hub.transfer.speed import MinimumSpeed, Throttle

_CHUNK = 1 << 19  # bytes: the maximum of one read
_REUSED = 16 << 20  # bytes: more than the chunks waiting to be hashed


class Receiver:
    """Writes responses into the file; shared by the connections of one transfer."""

    def __init__(
        self,
        client: Client,
        partial: Partial,
        *,
        meter: Meter,
        throttle: Throttle | None,
        limits: Limits,
    ) -> None:
        self.client = client
        self.partial = partial
        self.meter = meter
        self.throttle = throttle
        self.limits = limits

    def receive(
        self, answer: Answer, claim: Claim, plan: Plan | None, between: Callable[[], None]
    ) -> int:
        """Write an answer from the start of a claim until the claim cannot grow.

        Returns the offset at which it stopped. Without a plan the size is unknown, and the end of
        the answer is the end of the file. `between` is called after each chunk. Transient if fewer
        bytes are received than announced, FetchError if more.
        """
        if (self.partial.size or _REUSED) >= _REUSED:
            _reuse_memory()
        position = claim.start
        minimum = MinimumSpeed(self.limits)
        largest = min(_CHUNK, self.throttle.burst) if self.throttle else _CHUNK
        for chunk in answer.chunks(largest):
            waited = self.throttle.draw(len(chunk)) if self.throttle else 0.0
            while plan and position + len(chunk) > claim.end and plan.extend(claim):
                pass
            surplus = max(0, position + len(chunk) - claim.end) if plan else 0
            mine = chunk[: len(chunk) - surplus]
            self.partial.write(position, mine, claim.generation)
            position += len(mine)
            self.meter.update(len(mine))
            minimum.passed(len(chunk), waited)
            between()
            if surplus:
                self._check_surplus(position)
                return position  # the rest belongs to another connection
        if plan and position < claim.end:
            raise Transient(
                f"the server announced {format_count(claim.end, 'byte')} and sent {position}"
            )
        return position

    def _check_surplus(self, position: int) -> None:
        if position == self.partial.size:
            expected = format_count(position, "byte")
            raise FetchError(
                f"{self.client.ref}: the server sends more than the {expected} expected"
            )


@functools.cache
def _reuse_memory() -> None:
    """Make malloc reuse freed chunks instead of returning their pages to the system.

    Freeing one large block raises the threshold for mmap (M_MMAP_THRESHOLD in mallopt(3)). New
    pages would be zeroed by the system, which takes as long as receiving their contents.
    """
    bytes(_REUSED)


class Helpers:
    """Further connections of a file. If they fail, the first one receives their part."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._token = CancelToken()
        self.has_started = False

    def start(self, plan: Plan, version: Version, count: int) -> None:
        self.has_started = True
        for _ in range(count):
            # Daemons: a connection that hangs must not keep the process alive.
            threading.Thread(
                target=self._help, args=(plan, version), name="hub-fetch", daemon=True
            ).start()

    def cancel(self) -> None:
        """Cancel the helpers; bytes that they still receive are discarded."""
        self._token.cancel()

    def _help(self, plan: Plan, version: Version) -> None:
        # The first connection gets the same error, or continues alone.
        with contextlib.suppress(Exception), cancellation.using(self._token):
            while claim := plan.claim(wait=False):
                try:
                    self._fetch(claim, plan, version)
                finally:
                    plan.release(claim)

    def _fetch(self, claim: Claim, plan: Plan, version: Version) -> None:
        with self._receiver.client.get((claim.start, claim.end), version) as answer:
            if not answer.is_range:
                raise CancelledError
            self._receiver.receive(answer, claim, plan, lambda: None)
