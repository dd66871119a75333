"""Where files come from: one module per kind of source, found by the table below.

A source turns a reference into its canonical spelling and then either says where the file lies on
this machine (`LocalSource`) or brings it to a place in the cache (`RemoteSource`). Pins, locks and
publication are the same for all of them and live above. Only a source whose files have a cache of
their own, which other programs know (`KeepingSource`), does all of that itself.

Another package adds a source by an entry point of the group `bestiary.sources`: its name is the
kind, what stands before the colon, and its value a class with the methods of one of the two.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from hub.errors import RefError

if TYPE_CHECKING:
    from pathlib import Path

    from hub.refs import Ref

# kind: "module:class", imported on first use, so that a source costs nothing until it is needed.
_TABLE = {
    "az": "hub.sources.objects:ObjectSource",
    "builtin": "hub.sources.builtin:BuiltinSource",
    "file": "hub.sources.file:FileSource",
    "fsspec": "hub.sources.objects:ObjectSource",
    "github": "hub.sources.github:GitHubSource",
    "gs": "hub.sources.objects:ObjectSource",
    "hf": "hub.sources.hf:HfSource",
    "http": "hub.sources.https:HttpsSource",
    "https": "hub.sources.https:HttpsSource",
    "pypi": "hub.sources.pypi:PyPISource",
    "s3": "hub.sources.objects:ObjectSource",
    "torch": "hub.sources.torch:TorchSource",
}
ENTRY_POINTS = "bestiary.sources"


@dataclass(frozen=True)
class Place:
    """Where a source puts a file.

    `folder` is on the disk of the cache and belongs to this reference. It is cleared afterwards,
    except for a partial file (`hub.transfer`) from which the next attempt can go on. `sha256` is
    what the bytes are bound to, `label` and `progress` are for a bar.
    """

    folder: Path
    label: str
    sha256: str | None = None
    progress: bool | None = None

    @property
    def body(self) -> Path:
        """The file itself."""
        return self.folder / "body"


@dataclass(frozen=True)
class Received:
    """A file that a source has put into its place, and what it learned about it meanwhile."""

    path: Path
    size: int
    sha256: str
    source: str  # where the bytes came from, without secrets: shown to people
    license: str | None = None
    archive_sha256: str | None = None


@dataclass(frozen=True)
class Held:
    """A file that is on this machine and was found good. `size` counts bytes."""

    path: Path
    size: int
    sha256: str
    archive_sha256: str | None = None


class Source(Protocol):
    """What every source can do."""

    from_archive: bool

    def identify(self, text: str) -> str:
        """The canonical spelling of an unpinned reference; RefError if it is none."""


@runtime_checkable
class LocalSource(Source, Protocol):
    """A source whose files already lie on this machine: they are used in place, never copied."""

    def locate(self, ref: Ref) -> Path:
        """The file; NotFoundError if there is none."""


@runtime_checkable
class RemoteSource(Source, Protocol):
    """A source whose files must be brought here."""

    def fetch(self, ref: Ref, place: Place) -> Received:
        """Bring the file, hashed; FetchError or NotFoundError if that cannot be done.

        `hub.transfer.fetch` does it for what has a URL, `hub.sink.Sink` for what is written.
        """


@runtime_checkable
class KeepingSource(Source, Protocol):
    """A source that keeps its files in a cache which it shares with other programs."""

    def find(self, ref: Ref) -> Held | None:
        """The cached file, verified, None if there is none. Never fetches."""

    def bring(self, ref: Ref, *, offline: bool, progress: bool | None) -> Path:
        """The file, verified, fetched if need be; OfflineError if that is switched off."""


AnySource = LocalSource | RemoteSource | KeepingSource


def kinds() -> tuple[str, ...]:
    """The kinds of source there are, in alphabetical order.

    >>> {"builtin", "file", "https"} <= set(kinds())
    True
    """
    return tuple(sorted({*_TABLE, *_plugins()}))


@functools.cache
def source_for(kind: str) -> AnySource:
    """The source of this kind; RefError, with the kinds there are, if there is none."""
    target = _TABLE.get(kind) or _plugins().get(kind)
    if target is None:
        raise RefError(f"{kind!r} is not a source; there are: {', '.join(kinds())}")
    module, _, name = target.partition(":")
    try:
        source: AnySource = getattr(importlib.import_module(module), name)()
    except (ImportError, AttributeError) as error:
        raise RefError(f"{kind!r}: its source {target!r} cannot be loaded: {error}") from error
    return source


def _plugins() -> dict[str, str]:
    """The sources that other packages add. They cannot take the place of ours."""
    from importlib.metadata import entry_points  # looks at all that is installed

    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}
