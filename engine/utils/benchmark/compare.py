"""Comparison tables of measurements."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.utils.benchmark.measurement import (
    Measurement,
    select_unit,
    trim_sigfig,
    unit_to_english,
)

_BEST, _GOOD = "\033[92m\033[1m", "\033[34m"
_BAD, _WORST, _END = "\033[2m\033[91m", "\033[31m\033[1m", "\033[0m\033[0m"


class Colorize(enum.Enum):
    """Direction in which times are compared for colouring."""

    NONE = "none"
    COLUMNWISE = "columnwise"
    ROWWISE = "rowwise"


class _Row(NamedTuple):
    env: str
    num_threads: int
    name: str


class Compare:
    """Tables, one for each label, of medians by sub_label (rows) and description (columns).

    >>> from engine.utils.benchmark import Compare, Measurement, TaskSpec
    >>> task = TaskSpec("f(x)", "pass", label="f", sub_label="n = 1", description="ours")
    >>> Compare([Measurement(1, [2e-6], task)]).print()
    [------- f --------]
                 |  ours
    1 threads: ---------
          n = 1  |   2.0
    <BLANKLINE>
    Times are in microseconds (us).
    <BLANKLINE>
    """

    def __init__(self, results: list[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trim = False
        self._colorize = Colorize.NONE
        self._warn = False

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements."""
        results = list(results)
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(
                    f"Compare: results must be Measurements, got {type(result).__name__}"
                )
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Print only significant digits."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Colour good and bad times, compared in their column or row."""
        self._colorize = Colorize.ROWWISE if rowwise else Colorize.COLUMNWISE

    def highlight_warnings(self) -> None:
        """Mark times with a wide spread."""
        self._warn = True

    def print(self) -> None:
        """Print the tables."""
        print(str(self))

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        by_label: dict[str, list[Measurement]] = {}
        for result in merged:
            by_label.setdefault(result.label or "", []).append(result)
        tables = [self._table(label, results) for label, results in by_label.items()]
        return "\n".join(tables)

    def _table(self, label: str, results: list[Measurement]) -> str:
        unit, scale = select_unit(min(result.median for result in results))
        columns = list(dict.fromkeys(result.description for result in results))
        cells: dict[tuple[_Row, str | None], Measurement] = {}
        for result in results:
            row = _Row(result.env, result.num_threads, result.as_row_name)
            cells[row, result.description] = result
        order = {result.as_row_name: i for i, result in reversed(list(enumerate(results)))}
        rows = sorted(
            {row for row, _ in cells}, key=lambda r: (r.env, r.num_threads, order[r.name])
        )
        body = []
        for column in columns:
            body.append(self._column(rows, [cells.get((row, column)) for row in rows], scale))
        colours = self._colours(rows, columns, cells)
        lines = _layout(label, rows, [column or "" for column in columns], body, colours)
        lines += ["", f"Times are in {unit_to_english(unit)}s ({unit})."]
        if self._warn and any(result.has_warnings for result in results):
            lines.append(
                "(! XX%) Measurement has high variance, where XX is the IQR / median * 100."
            )
        return "\n".join([*lines, ""])

    def _column(
        self, rows: Sequence[_Row], found: Sequence[Measurement | None], scale: float
    ) -> list[str]:
        """The formatted times of a column, with the decimals that they need."""
        figures = [1 if cell is None else cell.significant_figures for cell in found]
        digits = 1
        if self._trim:
            exponents = [
                math.floor(math.log10(cell.median / scale)) + 1 - f
                for cell, f in zip(found, figures, strict=True)
                if cell is not None
            ]
            digits = max(0, min(1, -min(exponents)))
        texts = []
        for cell, f in zip(found, figures, strict=True):
            if cell is None:
                texts.append("")
                continue
            value = cell.median / scale
            text = f"{trim_sigfig(value, f) if self._trim else value:.{digits}f}"
            if self._warn and cell.has_warnings:
                text += f" (! {100 * cell.iqr / cell.median:.0f}%)"
            texts.append(text)
        return texts

    def _colours(
        self,
        rows: Sequence[_Row],
        columns: Sequence[str | None],
        cells: dict[tuple[_Row, str | None], Measurement],
    ) -> dict[tuple[int, int], str]:
        """The colours of cells (row, column), by their multiple of the best time in the line."""
        if self._colorize is Colorize.NONE:
            return {}
        grid = {
            (i, j): cells[row, column].median
            for i, row in enumerate(rows)
            for j, column in enumerate(columns)
            if (row, column) in cells
        }
        along = 0 if self._colorize is Colorize.ROWWISE else 1
        best: dict[int, float] = {}
        for key, time in grid.items():
            best[key[along]] = min(time, best.get(key[along], math.inf))
        colours = {key: _colour(time / best[key[along]]) for key, time in grid.items()}
        return {key: colour for key, colour in colours.items() if colour}


def _colour(multiple: float) -> str:
    if multiple <= 1.05:
        return _BEST
    if multiple <= 1.2:
        return _GOOD
    return _WORST if multiple > 5 else _BAD if multiple >= 2 else ""


def _layout(
    label: str,
    rows: Sequence[_Row],
    columns: Sequence[str],
    body: Sequence[Sequence[str]],
    colours: dict[tuple[int, int], str],
) -> list[str]:
    """The lines of a table: its title, the names of the columns, and blocks of rows."""
    name_width = max(len(row.name) for row in rows) + 6
    widths = [max(len(title), *map(len, texts)) for title, texts in zip(columns, body, strict=True)]
    total = name_width + sum(width + 5 for width in widths)
    titles = [title.center(width) for title, width in zip(columns, widths, strict=True)]
    lines = [_title(label, total), "  |  ".join([" " * name_width, *titles]).rstrip()]
    several = len({row.env for row in rows}) > 1
    block: tuple[str, int] | None = None
    for i, row in enumerate(rows):
        if (row.env, row.num_threads) != block:
            block = (row.env, row.num_threads)
            env = f" ({row.env})" if several else ""
            lines.append(f"{row.num_threads} threads{env}: ".ljust(total, "-"))
        cells = []
        for j, width in enumerate(widths):
            text = body[j][i].rjust(width)
            cells.append(f"{colours[i, j]}{text}{_END}" if (i, j) in colours else text)
        lines.append("  |  ".join(["      " + row.name.ljust(name_width - 6), *cells]).rstrip())
    return lines


def _title(label: str, width: int) -> str:
    return f"[{f' {label} '.center(max(width - 2, len(label) + 2), '-')}]"
