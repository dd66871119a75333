"""Reports of recorded events: sums, a table, a trace."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Event:
    """An op that ran, or a named part of the program. Times are nanoseconds since the start."""

    name: str
    begin: int
    end: int
    depth: int  # number of enclosing events
    bytes: int  # allocated by its results
    shapes: Sequence[tuple[int, ...]] = ()  # of its tensors

    @property
    def cpu_time_total(self) -> float:
        """Microseconds, including nested events."""
        return (self.end - self.begin) / 1e3

    @property
    def input_shapes(self) -> list[list[int]]:
        """The shapes of its tensor arguments, if recorded."""
        return [list(shape) for shape in self.shapes]


@dataclass
class Average:
    """Sums over events of one name. Times are microseconds, memory is bytes of new tensors.

    ``self_`` excludes nested events.
    """

    key: str
    input_shapes: list[list[int]] = field(default_factory=list)
    count: int = 0
    cpu_time_total: float = 0.0
    self_cpu_time_total: float = 0.0
    cpu_memory_usage: int = 0
    self_cpu_memory_usage: int = 0

    @property
    def cpu_time(self) -> float:
        """The mean of one."""
        return self.cpu_time_total / max(self.count, 1)


_SORT_KEYS = (
    "count",
    "cpu_memory_usage",
    "cpu_time",
    "cpu_time_total",
    "self_cpu_memory_usage",
    "self_cpu_time_total",
)
_COLUMNS = (
    "Name",
    "Self CPU %",
    "Self CPU",
    "CPU total %",
    "CPU total",
    "CPU time avg",
)
_MEMORY_COLUMNS = ("CPU Mem", "Self CPU Mem")


class AverageList(list[Average]):
    """The sums of :meth:`profile.key_averages`."""

    def total_average(self) -> Average:
        """The sum of all."""
        total = Average("Total")
        for average in self:
            total.count += average.count
            total.self_cpu_time_total += average.self_cpu_time_total
            total.self_cpu_memory_usage += average.self_cpu_memory_usage
        total.cpu_time_total = total.self_cpu_time_total
        total.cpu_memory_usage = total.self_cpu_memory_usage
        return total

    def table(
        self,
        sort_by: str | None = "self_cpu_time_total",
        row_limit: int = 100,
        max_name_column_width: int = 55,
    ) -> str:
        """The first ``row_limit`` rows by an attribute of :class:`Average`, largest first.

        None keeps the order. Raises ValueError for an unknown attribute.

        >>> from engine.profiler import AverageList
        >>> print(AverageList().table().splitlines()[0].split()[0])
        Name
        """
        if sort_by is not None and sort_by not in _SORT_KEYS:
            expected = ", ".join(_SORT_KEYS)
            raise ValueError(f"table: sort_by: expected one of {expected}, got {sort_by!r}")
        rows = list(self)
        if sort_by is not None:
            rows.sort(key=lambda row: getattr(row, sort_by), reverse=True)
        rows = rows[:row_limit] if row_limit >= 0 else rows
        memory = any(row.cpu_memory_usage for row in self)
        shapes = any(row.input_shapes for row in self)
        header = [
            *_COLUMNS,
            *(_MEMORY_COLUMNS if memory else []),
            "# of Calls",
            *(["Input Shapes"] if shapes else []),
        ]
        whole = self.total_average().self_cpu_time_total or 1.0
        cells = [_row(row, whole, memory, shapes, max_name_column_width) for row in rows]
        text = _aligned([header, *cells])
        return f"{text}\nSelf CPU time total: {_time(self.total_average().self_cpu_time_total)}"


def _row(row: Average, whole: float, memory: bool, shapes: bool, width: int) -> list[str]:
    name = row.key if len(row.key) <= width else row.key[: width - 3] + "..."
    return [
        name,
        f"{100 * row.self_cpu_time_total / whole:.2f}%",
        _time(row.self_cpu_time_total),
        f"{100 * row.cpu_time_total / whole:.2f}%",
        _time(row.cpu_time_total),
        _time(row.cpu_time),
        *([_size(row.cpu_memory_usage), _size(row.self_cpu_memory_usage)] if memory else []),
        str(row.count),
        *([str(row.input_shapes)] if shapes else []),
    ]


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "-" * len(lines[0])])


def _time(microseconds: float) -> str:
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= size:
            return f"{microseconds / size:.3f}{unit}"
    return f"{microseconds:.3f}us"


def _size(count: int) -> str:
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B"


def averages(events: Sequence[Event], by_shape: bool) -> AverageList:
    """Sums of the events of each name, or of each name and shapes with ``by_shape``."""
    parents = _parents(events)
    nested_time = [0.0] * len(events)
    # Only leaf ops allocate: the results of a composition are those of its ops.
    own_memory = [event.bytes for event in events]
    for event, parent in zip(events, parents, strict=True):
        if parent is not None:
            nested_time[parent] += event.cpu_time_total
            own_memory[parent] = 0
    memory = list(own_memory)
    for i in reversed(range(len(events))):
        if (parent := parents[i]) is not None:
            memory[parent] += memory[i]
    found: dict[Any, Average] = {}
    for i, event in enumerate(events):
        shapes = event.input_shapes if by_shape else []
        average = found.setdefault((event.name, str(shapes)), Average(event.name, shapes))
        average.count += 1
        average.cpu_time_total += event.cpu_time_total
        average.self_cpu_time_total += event.cpu_time_total - nested_time[i]
        average.cpu_memory_usage += memory[i]
        average.self_cpu_memory_usage += own_memory[i]
    return AverageList(found.values())


def _parents(events: Sequence[Event]) -> list[int | None]:
    """The index of the enclosing event of each, which comes before it."""
    parents: list[int | None] = []
    enclosing: list[int] = []
    for i, event in enumerate(events):
        del enclosing[event.depth :]
        parents.append(enclosing[-1] if enclosing else None)
        enclosing.append(i)
    return parents


def chrome_trace(events: Sequence[Event], path: str | os.PathLike[str]) -> None:
    """Writes events as JSON for trace viewers."""
    process = os.getpid()
    trace = [
        {
            "ph": "X",
            "cat": "cpu_op",
            "name": event.name,
            "pid": process,
            "tid": process,
            "ts": event.begin / 1e3,
            "dur": event.cpu_time_total,
            "args": {"Input Dims": event.input_shapes, "Bytes": event.bytes},
        }
        for event in events
    ]
    text = json.dumps({"schemaVersion": 1, "displayTimeUnit": "ms", "traceEvents": trace})
    opened = gzip.open if os.fspath(path).endswith(".gz") else open
    with opened(path, "wt") as file:
        file.write(text)
