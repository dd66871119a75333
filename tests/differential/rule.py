"""A rule for an intended difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .case import Case
from .comparison import NOTHING, Difference
from .verification import Check

UNCOMPARED = "nothing of PyTorch's to compare with"


@dataclass(frozen=True)
class Meant:
    reason: str
    kinds: str  # of difference, with commas
    names: str = ""  # of functions, without path and the _ of in-place forms; empty: all
    ours: tuple[str, ...] = ("",)  # one of these is in our error or answer
    theirs: tuple[str, ...] = ("",)  # and one of these in PyTorch's
    when: Callable[[Case, Difference], bool] = lambda case, found: True
    right: Check | None = None  # whether ours is right; needed where ours is an answer

    def covers(self, case: Case, found: Difference) -> bool:
        name = case.name if case.name.endswith("__") else case.name.rstrip("_")
        return (
            found.kind in self.kinds.split(", ")
            and (not self.names or name in self.names.split())
            and any(text in found.ours for text in self.ours)
            and any(text in found.theirs for text in self.theirs)
            and self.when(case, found)
        )

    def judge(self, case: Case, found: Difference) -> str | None:
        """The reason, and whether ours could be compared with something; None if it is wrong."""
        if not self.covers(case, found):
            return None
        said = True if self.right is None or found.ours == NOTHING else self.right(case, found)
        if said is None:
            return f"{self.reason} ({UNCOMPARED})"
        return self.reason if said else None
