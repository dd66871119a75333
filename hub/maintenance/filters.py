"""Filters of cached items: by size, age, kind and pattern."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hub.caches import Item
from hub.errors import HubError

_UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SPANS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)")


class FilterError(HubError, ValueError):
    """A size or an age that cannot be parsed."""


@dataclass(frozen=True)
class Filter:
    """Conditions, all of which an item must meet; None is no condition.

    Sizes are in bytes, ages in seconds. `older` counts from the fetch, `unused` from the last
    read. `match` is a shell pattern for the whole reference.

    >>> Filter(kind="hf", larger=parse_size("1 GB"), unused=parse_age("30d")).select([])
    []
    """

    kind: str | None = None
    match: str | None = None
    larger: int | None = None
    smaller: int | None = None
    older: float | None = None
    unused: float | None = None

    @property
    def is_empty(self) -> bool:
        """True if it has no condition."""
        return self == Filter()

    def select(self, items: Iterable[Item]) -> list[Item]:
        """The items that meet all conditions."""
        now = time.time()
        return [item for item in items if self._accepts(item, now)]

    def _accepts(self, item: Item, now: float) -> bool:
        return (
            self.kind in (None, item.kind)
            and (self.match is None or fnmatchcase(item.ref, self.match))
            and (self.larger is None or item.size >= self.larger)
            and (self.smaller is None or item.size <= self.smaller)
            and (self.older is None or item.fetched <= now - self.older)
            and (self.unused is None or item.used <= now - self.unused)
        )


def parse_size(text: str) -> int:
    """A size in bytes.

    >>> parse_size("1.5 GB"), parse_size("4KiB"), parse_size("100")
    (1500000000, 4096, 100)
    """
    number, unit = _split(text, "a size is a number and B, kB, MB, GB, TB or KiB, MiB, GiB, TiB")
    units = {name.lower(): factor for name, factor in _UNITS.items()}
    if unit.lower() not in units:
        raise FilterError(f"{text!r}: {unit!r} is not a unit of size, like MB, GB or GiB")
    return int(number * units[unit.lower()])


def parse_age(text: str) -> float:
    """An age in seconds.

    >>> parse_age("30d"), parse_age("12h")
    (2592000.0, 43200.0)
    """
    number, unit = _split(text, "an age is a number and s, m, h, d or w")
    if unit not in _SPANS:
        raise FilterError(f"{text!r}: {unit!r} is not a unit of age: s, m, h, d or w")
    return number * _SPANS[unit]


def _split(text: str, expected: str) -> tuple[float, str]:
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        raise FilterError(f"{text!r}: {expected}")
    return float(found[1]), found[2]
