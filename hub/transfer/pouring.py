"""Answers poured into their place in the file, by one connection or by several."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable

from hub import stopping
from hub.errors import FetchError
from hub.progress import Meter
from hub.stopping import Stop, StoppedError
from hub.text import format_count
from hub.transfer.http import Answer, Client
from hub.transfer.limits import Limits
from hub.transfer.partial import Partial, Version
from hub.transfer.plan import Claim, Plan
from hub.transfer.retry import Transient
from hub.transfer.speed import Floor, Throttle

_CHUNK = 1 << 19  # bytes: the most that is read at once
_KEPT = 16 << 20  # bytes: more than chunks that wait for being hashed take


class Spout:
    """What the connections of one transfer share."""

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

    def pour(
        self, answer: Answer, claim: Claim, plan: Plan | None, between: Callable[[], None]
    ) -> int:
        """Write an answer from the start of a claim until the claim cannot grow any more.

        Returns the offset at which it stopped. Without a plan the size is not known, and the end
        of the answer is the end of the file. `between` is called after each chunk. Transient if
        less comes than was announced, FetchError if more does.
        """
        if (self.partial.size or _KEPT) >= _KEPT:
            _keep_memory()
        position = claim.start
        floor = Floor(self.limits)
        largest = min(_CHUNK, self.throttle.burst) if self.throttle else _CHUNK
        for chunk in answer.chunks(largest):
            waited = self.throttle.draw(len(chunk)) if self.throttle else 0.0
            while plan and position + len(chunk) > claim.end and plan.extend(claim):
                pass
            surplus = max(0, position + len(chunk) - claim.end) if plan else 0
            mine = chunk[: len(chunk) - surplus]
            self.partial.write(position, mine, claim.edition)
            position += len(mine)
            self.meter.update(len(mine))
            floor.passed(len(chunk), waited)
            between()
            if surplus:
                self._check_surplus(position)
                return position  # what follows is another connection's
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
def _keep_memory() -> None:
    """Have chunks come from memory that others have left, and not from new pages.

    A large block that is freed tells malloc of the C library to keep blocks up to that size (see
    M_MMAP_THRESHOLD in mallopt(3)). The system would have to clear new pages one by one, which
    takes as long as receiving what goes into them.
    """
    bytes(_KEPT)


class Crew:
    """Further connections that help with a file. What they cannot do, the first one does."""

    def __init__(self, spout: Spout) -> None:
        self._spout = spout
        self._stop = Stop()
        self.has_started = False

    def start(self, plan: Plan, version: Version, count: int) -> None:
        self.has_started = True
        for _ in range(count):
            # Daemons: a connection that hangs keeps nobody from leaving.
            threading.Thread(
                target=self._help, args=(plan, version), name="hub-fetch", daemon=True
            ).start()

    def stop(self) -> None:
        """Have them go. What they still receive is written nowhere."""
        self._stop.set()

    def _help(self, plan: Plan, version: Version) -> None:
        # Whatever is wrong, the first connection meets it as well, or does without help.
        with contextlib.suppress(Exception), stopping.under(self._stop):
            while claim := plan.claim(wait=False):
                try:
                    self._bring(claim, plan, version)
                finally:
                    plan.give_back(claim)

    def _bring(self, claim: Claim, plan: Plan, version: Version) -> None:
        with self._spout.client.get((claim.start, claim.end), version) as answer:
            if not answer.is_range:
                raise StoppedError
            self._spout.pour(answer, claim, plan, lambda: None)
