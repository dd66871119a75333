"""A short version of `make faults`: each of its plans once or twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_EACH = 7  # runs per process, which mostly wait
_PROCESSES = 4


def test_runs_under_faults(repository: Path) -> None:
    running = []
    for number in range(_PROCESSES):
        first = str(number * _EACH)
        command = [sys.executable, "-m", "tests.hub.faults", "--seed", "1", "--first", first]
        running.append(
            subprocess.Popen(
                [*command, "--runs", str(_EACH)],
                cwd=repository,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for process in running:
        output, errors = process.communicate()
        assert output.startswith(f"{_EACH} runs: {_EACH} passed, 0 did not\n"), output + errors
        assert process.returncode == 0
