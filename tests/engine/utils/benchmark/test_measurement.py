"""Statistics beside NumPy, and their format."""

from __future__ import annotations

import numpy as np
import pytest

from engine.utils.benchmark import Measurement, TaskSpec, select_unit, trim_sigfig

TIMES = [1e-4, 1.1e-4, 1.2e-4, 1.05e-4, 1.3e-4]
TASK = TaskSpec("x + y", "x = y = 1", label="add", sub_label="[10]", description="v1")


def test_statistics() -> None:
    result = Measurement(10, TIMES, TASK)
    times = np.array(TIMES) / 10
    assert result.median == pytest.approx(np.median(times))
    assert result.mean == pytest.approx(np.mean(times))
    assert result.iqr == pytest.approx(np.subtract(*np.quantile(times, [0.75, 0.25])))
    assert result.significant_figures == 1 and result.has_warnings
    assert Measurement(1, [1.0, 1.0001, 1.0002, 1.0003], TASK).significant_figures == 4
    assert result.label == "add" and result.num_threads == 1


def test_repr() -> None:
    assert repr(Measurement(10, TIMES, TASK)).splitlines() == [
        "add: [10]",
        "v1",
        "setup: x = y = 1",
        "  Median: 11.00 us",
        "  IQR:    1.50 us (10.50 to 12.00)",
        "  5 measurements, 10 runs per measurement, 1 thread",
        "  WARNING: Interquartile range is 13.6% of the median measurement.",
        "           This could indicate system fluctuation.",
    ]
    short = repr(Measurement(1, [0.5], TaskSpec("f()", "pass", num_threads=2)))
    assert short.splitlines() == ["f()", "  500.00 ms", "  1 measurement, 1 run, 2 threads"]


def test_merge() -> None:
    other = TaskSpec("f()", "pass")
    runs = [(10, [1.0], TASK), (1, [2.0], other), (5, [3.0, 4.0], TASK)]
    merged = Measurement.merge(Measurement(*run) for run in runs)
    assert [(m.task_spec, m.raw_times) for m in merged] == [(TASK, [0.1, 0.6, 0.8]), (other, [2.0])]


@pytest.mark.parametrize(
    ("seconds", "unit"),
    [(3e-10, "ns"), (2e-7, "ns"), (1e-6, "us"), (5e-4, "us"), (0.2, "ms"), (1.0, "s"), (90, "s")],
)
def test_units(seconds: float, unit: str) -> None:
    assert select_unit(seconds)[0] == unit


def test_significant_figures_of_a_number() -> None:
    assert [trim_sigfig(x, 2) for x in (1234.5, 0.0126, 0.0)] == [1200.0, 0.013, 0.0]
