"""The benchmark harness with fake modules; times are not checked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = """
from _bench import CHANNELS_LAST, CONTIGUOUS, Case, main

def setup(torch, layout):
    return {"work": lambda: torch.work(layout)}

main(None, [
    Case("both", "work()", setup, target=1e6, threads=(1,)),
    Case("layouts", "work()", setup, threads=(1,), layouts=(CONTIGUOUS, CHANNELS_LAST)),
    Case("missing", "work()", lambda torch, layout: {"work": torch.missing}, threads=(1,)),
])
"""
# The peer is slow unless it gets channels last.
MODULE = """
import time
__version__ = "1.2"
def set_num_threads(n): pass
def work(layout): time.sleep({seconds} if layout == "contiguous" else 0)
print("chatter on standard output")
"""


@pytest.fixture
def benchmark(tmp_path: Path, repository: Path) -> Path:
    (tmp_path / "swift.py").write_text(MODULE.format(seconds=0))
    (tmp_path / "slow.py").write_text(MODULE.format(seconds=0.002) + "def missing(): pass\n")
    script = tmp_path / "bench.py"
    script.write_text(f"import sys; sys.path.append({str(repository / 'scripts')!r})" + BENCHMARK)
    return script


def run(script: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    report = script.parent / "report.json"
    short = ("--rounds", "2", "--seconds", "0.001", "--json", str(report))
    command = [sys.executable, str(script), "--engine", "swift", *short, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=script.parent)
    return done, json.loads(report.read_text())


def rows(report: dict[str, Any]) -> dict[str, Any]:
    return {row["case"]: row for row in report["rows"]}


def test_compares_two_modules(benchmark: Path) -> None:
    done, report = run(benchmark, "--peer", "slow", "--only", "both|layouts")
    assert done.returncode == 0, done.stderr
    assert report["versions"] == {"swift": "1.2", "slow": "1.2"}
    both = rows(report)["both"]
    assert both["ratio"] == both["engine"]["median"] / both["peer"]["median"]
    assert "<= 1e+06 ok" in done.stdout


def test_the_better_layout_of_the_peer_counts(benchmark: Path) -> None:
    _, report = run(benchmark, "--peer", "slow", "--only", "layouts")
    assert rows(report)["layouts"]["engine"]["layout"] == "contiguous"
    assert rows(report)["layouts"]["peer"]["layout"] == "channels_last"


def test_a_failing_case_leaves_the_others(benchmark: Path) -> None:
    done, report = run(benchmark, "--peer", "slow")
    assert done.returncode != 0
    assert "failed measurements: 1" in done.stderr
    missing = rows(report)["missing"]
    assert missing["engine"] is None and missing["ratio"] is None
    assert "swift: AttributeError" in missing["errors"][0]
    assert rows(report)["both"]["ratio"] is not None


def test_without_a_peer_there_are_times_but_no_ratios(benchmark: Path) -> None:
    done, report = run(benchmark, "--peer", "not_installed_anywhere", "--only", "both")
    assert done.returncode == 0, done.stderr
    assert "is not installed" in done.stdout
    assert rows(report)["both"]["engine"] and rows(report)["both"]["ratio"] is None
