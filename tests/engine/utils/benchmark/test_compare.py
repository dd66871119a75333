"""Comparison tables."""

from __future__ import annotations

import pytest

from engine.utils.benchmark import Compare, Measurement, TaskSpec


def result(label: str, row: str, column: str, threads: int, us: float) -> Measurement:
    task = TaskSpec("f", "pass", "", label, row, column, num_threads=threads)
    return Measurement(1, [us * 1e-6, us * 1.01e-6, us * 1.02e-6], task)


RESULTS = [
    result("L", "a", "x", 1, 10.0),
    result("L", "a", "y", 1, 20.0),
    result("L", "b", "x", 1, 300.0),
    result("L", "b", "y", 1, 4000.5),
    result("L", "a", "x", 2, 7.0),
    result("M", "q", "x", 1, 3e6),
]


def test_tables() -> None:
    """The tables of PyTorch 2.13 for the same figures, except for trailing spaces."""
    assert str(Compare(RESULTS)).splitlines() == [
        "[----------- L ------------]",
        "         |    x    |    y",
        "1 threads: -----------------",
        "      a  |   10.1  |    20.2",
        "      b  |  303.0  |  4040.5",
        "2 threads: -----------------",
        "      a  |    7.1  |",
        "",
        "Times are in microseconds (us).",
        "",
        "[----- M -----]",
        "         |   x",
        "1 threads: ----",
        "      q  |  3.0",
        "",
        "Times are in seconds (s).",
    ]


def test_options_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    table = Compare(RESULTS[:2])
    table.extend_results([Measurement(1, [1e-5, 2e-5, 3e-5, 4e-5], TaskSpec("g", "", label="L"))])
    table.highlight_warnings()
    table.colorize(rowwise=True)
    table.print()
    text = capsys.readouterr().out
    assert "\033[92m\033[1m" in text and "\033[2m\033[91m" not in text.split("y", 1)[0]
    assert "25.0 (! 60%)" in text and "has high variance" in text
    table = Compare(RESULTS[2:4])
    table.trim_significant_figures()
    assert "300" in str(table) and "4000" in str(table) and "4040" not in str(table)
    with pytest.raises(ValueError, match="results must be Measurements, got int"):
        Compare([3])
