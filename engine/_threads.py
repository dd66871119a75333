"""Loads the compiled core with threads that sleep while they wait.

OpenMP reads its policy once, when its library is loaded. Sleeping threads cost a few microseconds
more per kernel; spinning ones stall everything as soon as another process needs a core.
"""

from __future__ import annotations

import os

_chosen_by_user = "OMP_WAIT_POLICY" in os.environ
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
from engine import _C as _C  # noqa: E402

if not _chosen_by_user:
    del os.environ["OMP_WAIT_POLICY"]
