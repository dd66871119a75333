"""A short version of what `make faults` does at length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_runs_under_faults(repository: Path) -> None:
    command = [sys.executable, "-m", "tests.hub.faults", "--runs", "28", "--seed", "1"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.stdout.startswith("28 runs: 28 passed, 0 did not\n"), done.stdout + done.stderr
    assert done.returncode == 0
