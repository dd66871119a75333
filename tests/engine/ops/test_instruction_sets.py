"""Kernels of the instruction sets that this processor does not select."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import _C

FOLDER = Path(__file__).parent
# Tests of the code that differs most: products, convolutions, sums and vector arithmetic.
TESTED = ["test_convolution.py", "test_matmul.py", "test_normalization.py", "test_arithmetic.py"]
LEVELS = ["baseline", "avx2", "avx512"]


def run(level: str, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"BESTIARY_ISA": level}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=600
    )


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_kernels_of_a_lower_instruction_set(level: str) -> None:
    if LEVELS.index(level) >= LEVELS.index(_C.cpu_capability()):
        pytest.skip(f"{level} is not below what this processor has")
    tested = [str(FOLDER / name) for name in TESTED]
    done = run(level, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tested)
    assert done.returncode == 0, done.stdout[-3000:]


def test_an_unknown_instruction_set() -> None:
    done = run("mmx", "-c", "import engine; engine.ones(2) + 1")
    assert "ValueError" in done.stderr
    assert "BESTIARY_ISA: expected baseline, avx2 or avx512, got 'mmx'" in done.stderr
