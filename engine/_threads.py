"""Loads the compiled core with OpenMP threads that spin only briefly before they sleep.

OpenMP reads its policy once, when its library is loaded. Threads that spin for long stall all
others as soon as another process needs a core; those that sleep immediately take 30 microseconds
to wake.
"""

from __future__ import annotations

import os

# Iterations of the waiting loop, of 65 to 140 cycles each: enough for the gap between two kernels.
_SPINS = "1000"

_chosen_by_user = "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ
if not _chosen_by_user:
    os.environ["GOMP_SPINCOUNT"] = _SPINS
from engine import _C as _C  # noqa: E402

if not _chosen_by_user:
    del os.environ["GOMP_SPINCOUNT"]
