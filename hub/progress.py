"""Progress bars, drawn on standard error by tqdm."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from tqdm import tqdm


class Meter:
    """Counts the bytes of one file while they come; this one shows nothing."""

    def begin(self, done: int, total: int | None) -> None:
        """The file is begun, or begun anew, with `done` bytes of `total` there already."""

    def update(self, count: int) -> None:
        """So many more bytes have come. From any thread."""

    def close(self) -> None:
        """No more will come."""


def meter(label: str, progress: bool | None) -> Meter:
    """What counts the bytes of one file; `progress` is that of `bar`."""
    return Meter() if progress is False else Bar(label, progress)


class Bar(Meter):
    """A bar of its own for one file."""

    def __init__(self, label: str, progress: bool | None) -> None:
        self._bar = bar(label, None, progress)
        self._lock = threading.Lock()

    def begin(self, done: int, total: int | None) -> None:
        with self._lock:
            self._bar.reset(total)
            # What is there from an earlier attempt says nothing about the speed of this one.
            self._bar.initial = self._bar.n = done
            self._bar.refresh()

    def update(self, count: int) -> None:
        with self._lock:
            self._bar.update(count)

    def close(self) -> None:
        self._bar.close()


def bar(label: str, total: int | None, progress: bool | None) -> tqdm[NoReturn]:
    """A bar that counts bytes; `progress=None` shows it where a person looks at a terminal."""
    from tqdm import tqdm  # costs more than the rest of the hub: only for who downloads

    return tqdm(
        desc=label,
        total=total,
        unit="B",
        unit_scale=True,
        disable=None if progress is None else not progress,
    )
