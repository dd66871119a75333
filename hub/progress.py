"""Progress bars, drawn on standard error by tqdm."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from tqdm import tqdm


class Meter:
    """Counts the received bytes of one file; the base class displays nothing."""

    def begin(self, done: int, total: int | None) -> None:
        """Start, or start again, with `done` bytes of `total` received before."""

    def update(self, count: int) -> None:
        """Count received bytes, from any thread."""

    def close(self) -> None:
        """End the count."""


def meter(label: str, progress: bool | None) -> Meter:
    """A meter for one file; `progress` is that of `bar`."""
    return Meter() if progress is False else Bar(label, progress)


class Bar(Meter):
    """A progress bar for one file."""

    def __init__(self, label: str, progress: bool | None) -> None:
        self._bar = bar(label, None, progress)
        self._lock = threading.Lock()

    def begin(self, done: int, total: int | None) -> None:
        with self._lock:
            self._bar.reset(total)
            # Bytes of an earlier attempt do not count towards the speed of this one.
            self._bar.initial = self._bar.n = done
            self._bar.refresh()

    def update(self, count: int) -> None:
        with self._lock:
            self._bar.update(count)

    def close(self) -> None:
        self._bar.close()


def bar(label: str, total: int | None, progress: bool | None) -> tqdm[NoReturn]:
    """A bar that counts bytes; `progress=None` displays it on a terminal only."""
    from tqdm import tqdm  # slow to import: only needed for downloads

    return tqdm(
        desc=label,
        total=total,
        unit="B",
        unit_scale=True,
        disable=None if progress is None else not progress,
    )
