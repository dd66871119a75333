"""The differences that are meant, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .case import Case
from .comparing import Difference


@dataclass(frozen=True)
class Meant:
    reason: str
    names: str  # of the functions, without path and _; empty: all
    kinds: str  # of the difference; empty: all
    when: Callable[[Case, Difference], bool] = lambda case, found: True

    def covers(self, case: Case, found: Difference) -> bool:
        name = case.name.rstrip("_") or case.name
        return (
            (not self.names or name in self.names.split())
            and (not self.kinds or found.kind in self.kinds.split(", "))
            and self.when(case, found)
        )


def _theirs(*texts: str) -> Callable[[Case, Difference], bool]:
    """PyTorch's error has one of the texts."""
    return lambda case, found: any(text in found.theirs for text in texts)


MEANT = [
    Meant(
        "PyTorch has no kernel for the dtype; ours calculates",
        "",
        "accepts, gradient accepts",
        _theirs("not implemented for '", "not implemented for type"),
    ),
    Meant(
        "PyTorch has no such gradient; ours is the derivative",
        "",
        "accepts, gradient accepts",
        _theirs("is not differentiable with respect to", "is not implemented", "not implemented."),
    ),
]


def reason(case: Case, found: Difference) -> str | None:
    return next((m.reason for m in MEANT if m.covers(case, found)), None)
