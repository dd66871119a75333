"""The reasons of intended differences from PyTorch."""

from __future__ import annotations

from .case import Case
from .comparison import Difference
from .known_call_differences import CALLS
from .known_value_differences import VALUES


def reason(case: Case, found: Difference) -> str | None:
    """Why the difference is meant, or None where no rule covers it or ours is wrong."""
    reasons = (meant.judge(case, found) for meant in (*CALLS, *VALUES))
    return next((text for text in reasons if text), None)
