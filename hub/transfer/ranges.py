"""Sets of byte ranges: half-open, disjoint and sorted."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator

Range = tuple[int, int]


class Ranges:
    """A set of byte offsets.

    >>> done = Ranges([(0, 4), (8, 10)])
    >>> done.add(4, 6)
    >>> list(done), done.prefix, list(done.gaps(12))
    ([(0, 6), (8, 10)], 6, [(6, 8), (10, 12)])
    """

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._ranges: list[Range] = []
        for start, end in ranges:
            self.add(start, end)

    def __iter__(self) -> Iterator[Range]:
        return iter(self._ranges)

    def __len__(self) -> int:
        """The number of bytes."""
        return sum(end - start for start, end in self._ranges)

    @property
    def prefix(self) -> int:
        """The number of bytes from the start without a gap."""
        return self._ranges[0][1] if self._ranges and self._ranges[0][0] == 0 else 0

    @property
    def end(self) -> int:
        """The offset after the last byte."""
        return self._ranges[-1][1] if self._ranges else 0

    def add(self, start: int, end: int) -> None:
        if start >= end:
            return
        first = bisect.bisect_left(self._ranges, start, key=lambda known: known[1])
        last = bisect.bisect_right(self._ranges, end, key=lambda known: known[0])
        if first < last:
            start = min(start, self._ranges[first][0])
            end = max(end, self._ranges[last - 1][1])
        self._ranges[first:last] = [(start, end)]

    def gaps(self, size: int) -> Iterator[Range]:
        """The missing ranges of the first `size` bytes."""
        position = 0
        for start, end in self._ranges:
            if start >= size:
                break
            if position < start:
                yield position, start
            position = end
        if position < size:
            yield position, size
