"""Selection of the files of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

Patterns = Sequence[str] | None


@dataclass(frozen=True)
class Planned:
    """A file of a snapshot; `cached` if its bytes are on this machine."""

    path: str
    size: int
    is_here: bool


@dataclass(frozen=True)
class Plan:
    """The commit and files that `snapshot` would fetch."""

    ref: str
    commit: str
    files: tuple[Planned, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def to_fetch(self) -> int:
        """Bytes to be fetched."""
        return sum(file.size for file in self.files if not file.is_here)


def choose(paths: Iterable[str], include: Patterns = None, exclude: Patterns = None) -> list[str]:
    """The paths that match a pattern of `include` (default: all) and none of `exclude`.

    Patterns are those of the shell, but `*` also matches slashes, as in the library; one that ends
    in a slash matches all files of the folder.

    >>> choose(["a.json", "onnx/a.json", "b.bin"], ["*.json"], ["onnx/"])
    ['a.json']
    """

    def matches(path: str, patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(path, p + "*" if p.endswith("/") else p) for p in patterns)

    return [
        path
        for path in paths
        if (include is None or matches(path, include)) and not matches(path, exclude or ())
    ]
