"""Sources of files: one module per kind, listed in the table below.

A source canonicalises a reference, and names the cache of its files: "hub", for which it fetches
them into a folder of that cache; "none", for which it locates them on this machine; or "hf", the
cache of repositories, which contacts their server itself. Pins, locks and publication are handled
by the caches (`hub.caches`).

Another package adds a source by an entry point of the group `bestiary.sources`: its name is the
kind, before the colon of references, and its value a subclass of `Source`.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from hub.errors import RefError
from hub.file_info import LocalFile
from hub.refs import Ref, check_text, split_pins
from hub.repos import repo_id

# kind: "module:class", imported on first use.
_TABLE = {
    "az": "hub.sources.object_store:ObjectSource",
    "builtin": "hub.sources.builtin:BuiltinSource",
    "file": "hub.sources.file:FileSource",
    "fsspec": "hub.sources.object_store:ObjectSource",
    "github": "hub.sources.github:GitHubSource",
    "gs": "hub.sources.object_store:ObjectSource",
    "hf": "hub.sources.hf:HfSource",
    "http": "hub.sources.https:HttpsSource",
    "https": "hub.sources.https:HttpsSource",
    "pypi": "hub.sources.pypi:PyPISource",
    "s3": "hub.sources.object_store:ObjectSource",
    "torch": "hub.sources.torch:TorchSource",
}
ENTRY_POINTS = "bestiary.sources"


@dataclass(frozen=True)
class Destination:
    """The folder for a fetched file.

    `folder` is on the disk of the cache and belongs to this reference. It is cleared afterwards,
    except for a partial file (`hub.transfer`) that the next attempt can resume. `sha256` is the
    pin, `label` and `progress` are for a bar.
    """

    folder: Path
    label: str
    sha256: str | None = None
    progress: bool | None = None

    @property
    def body(self) -> Path:
        """The file itself."""
        return self.folder / "body"


class Source:
    """A kind of reference. Subclasses define `identify`, and `fetch` or `locate` for `cache`."""

    cache: ClassVar[str] = "hub"
    from_archive: ClassVar[bool] = False  # True if a reference may pin an archive

    def identify(self, text: str) -> str:
        """The canonical spelling of an unpinned reference; RefError if it is malformed."""
        raise NotImplementedError

    def fetch(self, ref: Ref, destination: Destination) -> LocalFile:
        """Write the file to its destination; FetchError or NotFoundError on failure.

        `hub.transfer.fetch` does it for a URL, `hub.sink.Sink` for bytes from elsewhere.
        """
        raise NotImplementedError

    def locate(self, ref: Ref) -> Path:
        """The file on this machine; NotFoundError if there is none."""
        raise NotImplementedError


def parse(text: str) -> Ref:
    """Parse a reference; RefError describes the fault and the expected form.

    >>> ref = parse("pypi:Some_Model==1.0/weights/model.pth")
    >>> str(ref), ref.kind, ref.filename
    ('pypi:some-model==1.0/weights/model.pth', 'pypi', 'model.pth')
    """
    check_text(text)
    body, pins = split_pins(text)
    page = repo_id.from_page(body)
    kind, colon, locator = (body if page is None else str(page)).partition(":")
    if not colon:
        raise RefError(f"{text!r}: has no source: {_hint(text)}")
    if not locator:
        raise RefError(f"{text!r}: names no file")
    source = source_for(kind.lower())
    if "archive-sha256" in pins and not source.from_archive:
        raise RefError(f"{text!r}: a file of this source has no archive that archive-sha256 pins")
    identity = source.identify(f"{kind.lower()}:{locator}")
    return Ref(identity, pins.get("sha256"), pins.get("archive-sha256"))


def as_ref(ref: str | Ref) -> Ref:
    """The reference itself, or the parsed text."""
    return ref if isinstance(ref, Ref) else parse(ref)


def kinds() -> tuple[str, ...]:
    """The kinds of source, in alphabetical order.

    >>> {"builtin", "file", "https"} <= set(kinds())
    True
    """
    return tuple(sorted({*_TABLE, *_plugins()}))


@functools.cache
def source_for(kind: str) -> Source:
    """The source of this kind; RefError with the known kinds if there is none."""
    target = _TABLE.get(kind) or _plugins().get(kind)
    if target is None:
        raise RefError(f"{kind!r} is not a source; there are: {', '.join(kinds())}")
    module, _, name = target.partition(":")
    try:
        source = getattr(importlib.import_module(module), name)()
    except (ImportError, AttributeError) as error:
        raise RefError(f"{kind!r}: its source {target!r} cannot be loaded: {error}") from error
    if not isinstance(source, Source):
        raise RefError(f"{kind!r}: its source {target!r} is no subclass of hub.sources.Source")
    return source


def _plugins() -> dict[str, str]:
    """The sources of other packages. They cannot replace the hub's."""
    from importlib.metadata import entry_points  # scans all installed packages

    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}


def _hint(text: str) -> str:
    """A suggestion for a text that names no source."""
    file = f"for a file on this machine write 'file:{text}'"
    is_name = re.fullmatch(r"\w[\w.-]*/[\w./@-]+|\w[\w-]*(?:@[\w.-]+)?", text)
    if not is_name or os.path.exists(text):
        return file
    return f"for a repository write 'hf:{text}', {file}"
