"""Progress bars, drawn on standard error by tqdm."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from tqdm import tqdm


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
