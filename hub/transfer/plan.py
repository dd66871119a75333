"""Claims of several connections on ranges of a file."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from hub import cancellation
from hub.transfer.partial import Partial
from hub.transfer.ranges import Range, Ranges


@dataclass(eq=False)
class Claim:
    """A range of the file that one connection fetches; its end may be extended."""

    start: int
    end: int
    generation: int


class Plan:
    """The ranges of a file of known size, claimed in ascending order for hashing."""

    def __init__(self, partial: Partial, piece: int) -> None:
        assert partial.size is not None
        self._partial = partial
        self._size = partial.size
        self._generation = partial.generation
        self._piece = piece
        self._claims: set[Claim] = set()
        self._changed = threading.Condition()

    def claim(self, *, wait: bool) -> Claim | None:
        """Claim the lowest range that is missing and unclaimed; None if there is none.

        `wait` for the claims of others: they may be released.
        """
        with cancellation.current().on_cancel(self._wake), self._changed:
            while True:
                cancellation.current().check()
                if free := self._free():
                    start, end = free[0]
                    claim = Claim(start, min(end, start + self._piece), self._generation)
                    self._claims.add(claim)
                    return claim
                if not wait or not self._claims:
                    return None
                self._changed.wait()

    def room(self, claim: Claim) -> int:
        """The end of the unclaimed range after a claim."""
        with self._changed:
            return next((end for start, end in self._free() if start == claim.end), claim.end)

    def extend(self, claim: Claim) -> bool:
        """Extend a claim by a piece, if the next range is missing and unclaimed."""
        with self._changed:
            for start, end in self._free():
                if start == claim.end:
                    claim.end = min(end, start + self._piece)
                    return True
            return False

    def release(self, claim: Claim) -> None:
        """End a claim; its missing part can be claimed again."""
        with self._changed:
            self._claims.discard(claim)
        self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _free(self) -> list[Range]:
        taken = Ranges((claim.start, claim.end) for claim in self._claims)
        for start, end in self._partial.ranges():
            taken.add(start, end)
        return list(taken.gaps(self._size))
