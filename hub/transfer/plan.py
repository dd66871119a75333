"""Who of several connections fetches which part of a file."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from hub import cancellation
from hub.transfer.partial import Partial
from hub.transfer.ranges import Range, Ranges


@dataclass(eq=False)
class Claim:
    """A part of one edition of a file that one connection brings. It may grow at its end."""

    start: int
    end: int
    edition: int


class Plan:
    """The parts of a file of known size, given out lowest first, so that hashing can follow."""

    def __init__(self, partial: Partial, piece: int) -> None:
        assert partial.size is not None
        self._partial = partial
        self._size = partial.size
        self._edition = partial.edition
        self._piece = piece
        self._claims: set[Claim] = set()
        self._changed = threading.Condition()

    def claim(self, *, wait: bool) -> Claim | None:
        """The lowest part that is missing and nobody's; None if there is none.

        `wait` for the parts of others: they may be given back.
        """
        with cancellation.current().on_cancel(self._wake), self._changed:
            while True:
                cancellation.current().check()
                if free := self._free():
                    start, end = free[0]
                    claim = Claim(start, min(end, start + self._piece), self._edition)
                    self._claims.add(claim)
                    return claim
                if not wait or not self._claims:
                    return None
                self._changed.wait()

    def room(self, claim: Claim) -> int:
        """Where what is nobody's behind a claim ends."""
        with self._changed:
            return next((end for start, end in self._free() if start == claim.end), claim.end)

    def extend(self, claim: Claim) -> bool:
        """Let a claim grow by a piece, if what follows is missing and nobody's."""
        with self._changed:
            for start, end in self._free():
                if start == claim.end:
                    claim.end = min(end, start + self._piece)
                    return True
            return False

    def give_back(self, claim: Claim) -> None:
        """Done with it; what is missing of it is free again."""
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
