"""Times of a statement and their statistics."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable
from typing import Any

_WARN_IQR = 0.1
_GROSS_WARN_IQR = 0.25
_MOST_FIGURES = 4
_UNITS = {"ns": ("nanosecond", 1e-9), "us": ("microsecond", 1e-6), "ms": ("millisecond", 1e-3)}


@dataclasses.dataclass(frozen=True)
class TaskSpec:
    """A timed statement and its labels."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or else the statement, with the sub-label."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        if "\n" not in self.stmt:
            return self.stmt + (f": {self.sub_label}" if self.sub_label else "")
        header = f"stmt:{f' ({self.sub_label})' if self.sub_label else ''}"
        return "\n".join([header, *(f"  {line}" for line in self.stmt.splitlines()), ""])

    def setup_str(self) -> str:
        """The setup as it is printed."""
        if self.setup in ("", "pass"):
            return ""
        if "\n" in self.setup:
            return "\n".join(["setup:", *(f"  {line}" for line in self.setup.splitlines())])
        return f"setup: {self.setup}"

    def summarize(self) -> str:
        """Title, description and setup, a line each."""
        parts = [self.title, self.description or "", self.setup_str()]
        return "\n".join(f"{part}\n" if "\n" in part else part for part in parts if part)


@dataclasses.dataclass(repr=False)
class Measurement:
    """Times in seconds, each of number_per_run runs of a statement.

    >>> from engine.utils.benchmark import Measurement, TaskSpec
    >>> times = Measurement(10, [1.0e-4, 1.1e-4, 1.3e-4], TaskSpec("x + y", "x = y = 1"))
    >>> times.median, round(times.iqr * 1e6, 6)
    (1.1e-05, 1.5)
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        # The measurement forwards the fields of its task.
        if name in {field.name for field in dataclasses.fields(TaskSpec)}:
            return getattr(self.task_spec, name)
        raise AttributeError(f"Measurement has no attribute {name!r}")

    @property
    def times(self) -> list[float]:
        """Seconds of one run, one for each time."""
        return [time / self.number_per_run for time in self.raw_times]

    def _quantile(self, part: float) -> float:
        ordered = sorted(self.times)
        if not ordered:
            return -1.0
        position = part * (len(ordered) - 1)
        low = math.floor(position)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (position - low)

    @property
    def median(self) -> float:
        """The median in seconds."""
        return self._quantile(0.5)

    @property
    def mean(self) -> float:
        """The mean in seconds."""
        return statistics.fmean(self.times) if self.raw_times else -1.0

    @property
    def iqr(self) -> float:
        """The distance of the quartiles in seconds."""
        return self._quantile(0.75) - self._quantile(0.25)

    @property
    def significant_figures(self) -> int:
        """Number of digits of the median that the spread of the inner half leaves, roughly."""
        n = len(self.raw_times)
        inner = sorted(self.times)[n // 4 : math.ceil(3 * n / 4)]
        interval = max(1.645 * statistics.pstdev(inner) / math.sqrt(len(inner)), 25e-9)
        return min(max(math.floor(math.log10(self.median / interval)), 1), _MOST_FIGURES)

    @property
    def has_warnings(self) -> bool:
        """True if the times spread widely."""
        return not self.meets_confidence()

    def meets_confidence(self, threshold: float = _WARN_IQR) -> bool:
        """True if the distance of the quartiles is below this part of the median."""
        return self.iqr / self.median < threshold

    @property
    def title(self) -> str:
        """The task's title."""
        return self.task_spec.title

    @property
    def env(self) -> str:
        """The task's environment."""
        return self.task_spec.env or "Unspecified env"

    @property
    def as_row_name(self) -> str:
        """The name of the row in a table."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        n = len(self.raw_times)
        unit, scale = select_unit(self.median)
        spread = [self._quantile(0.25) / scale, self._quantile(0.75) / scale]
        lines = [self.task_spec.summarize()]
        lines.append(f"  {'Median: ' if n > 1 else ''}{self.median / scale:.2f} {unit}")
        if n >= 4:
            lines.append(
                f"  IQR:    {self.iqr / scale:.2f} {unit} ({spread[0]:.2f} to {spread[1]:.2f})"
            )
        threads = self.task_spec.num_threads
        lines.append(
            f"  {n} measurement{'s' if n > 1 else ''}, {self.number_per_run} "
            f"run{'s' if self.number_per_run > 1 else ''}{' per measurement' if n > 1 else ''}, "
            f"{threads} thread{'s' if threads > 1 else ''}"
        )
        if not self.meets_confidence():
            part = self.iqr / self.median * 100
            gross = not self.meets_confidence(_GROSS_WARN_IQR)
            cause = (
                "This suggests significant environmental influence."
                if gross
                else "This could indicate system fluctuation."
            )
            lines.append(
                f"  WARNING: Interquartile range is {part:.1f}% of the median measurement.\n"
                f"           {cause}"
            )
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """One measurement for each task, with the times of all."""
        times: dict[TaskSpec, list[float]] = {}
        for measurement in measurements:
            times.setdefault(measurement.task_spec, []).extend(measurement.times)
        return [Measurement(1, found, task) for task, found in times.items()]


def select_unit(t: float) -> tuple[str, float]:
    """The most readable unit for a time in seconds, and its seconds.

    >>> from engine.utils.benchmark import select_unit
    >>> select_unit(3e-5)
    ('us', 1e-06)
    """
    if t <= 0 or t >= 1:
        return "s", 1.0
    power = math.floor(math.log10(t)) // 3
    unit = {-1: "ms", -2: "us"}.get(power, "ns")
    return unit, _UNITS[unit][1]


def unit_to_english(u: str) -> str:
    """The unit's name."""
    return _UNITS[u][0] if u in _UNITS else "second"


def trim_sigfig(x: float, n: int) -> float:
    """The number with n significant figures.

    >>> from engine.utils.benchmark import trim_sigfig
    >>> trim_sigfig(1234.5, 2)
    1200.0
    """
    if x == 0 or not math.isfinite(x):
        return x
    return float(f"{x:.{n - 1}e}")
