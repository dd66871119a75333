"""The functions of the hub: `hub.download` and its companions."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hub import caches, loading, lockfile
from hub.caches import Check, Info, Item, cache_named, cache_of
from hub.errors import FormatError, RefError
from hub.parallel import for_each
from hub.refs import Ref
from hub.repos import repo_id
from hub.sources import as_ref

if TYPE_CHECKING:
    from hub.maintenance.filters import Filter
    from hub.repos.plan import Plan
    from hub.repos.repository import Repository

DAY = 86400.0  # seconds
_AT_ONCE = 4  # files fetched in parallel
_WEIGHTS = (".safetensors", ".pt", ".pth", ".bin")


@dataclass(frozen=True)
class Collected:
    """Bytes that `collect` has removed, or would remove, from the hub's own cache and `hf`'s."""

    hub: int
    hf: int

    @property
    def size(self) -> int:
        return self.hub + self.hf


def download(
    ref: str | Ref,
    sha256: str | None = None,
    *,
    offline: bool | None = None,
    progress: bool | None = None,
) -> Path:
    """The file of a reference, fetched if it is not cached, its bytes verified.

    `sha256` pins the bytes, as `#sha256=HEX` in the reference does. A file that is not pinned is
    pinned by its first download until `rm` removes it. `offline=True` never fetches
    (default: the environment variable BESTIARY_OFFLINE); `progress` draws a bar on standard error
    (default: if that is a terminal). Any number of processes may request the same file at the
    same time: one fetches it. The path is valid until `rm`.

    Raises RefError, NotFoundError, FetchError, OfflineError, CacheError, or IntegrityError if the
    bytes are not the expected ones, which are then deleted. An interrupted download is resumed by
    the next call.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "weights.bin")
    >>> _ = path.write_bytes(b"12345678")
    >>> download(f"file:{path}") == path
    True
    """
    return loading.load(_bound(ref, sha256), offline=offline, progress=progress)


def download_all(
    refs: Sequence[str | Ref], *, offline: bool | None = None, progress: bool | None = None
) -> list[Path]:
    """The files of several references, in their order, fetched in parallel.

    The first error cancels the others and is raised; complete files stay cached. `offline` and
    `progress` are those of `download`, and so are the errors.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "weights.bin")
    >>> _ = path.write_bytes(b"12345678")
    >>> download_all([f"file:{path}"]) == [path]
    True
    """
    bound = [_bound(ref, None) for ref in refs]
    paths: dict[int, Path] = {}

    def load(number: int) -> None:
        paths[number] = loading.load(bound[number], offline=offline, progress=progress)

    for_each(load, range(len(bound)), threads=_AT_ONCE)
    return [paths[number] for number in range(len(bound))]


def snapshot(
    ref: str | Ref,
    *,
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    revision: str | None = None,
    local_dir: str | os.PathLike[str] | None = None,
    offline: bool | None = None,
    progress: bool | None = None,
) -> Path:
    """The folder with the files of a repository at one commit, each fetched and verified.

    `include` and `exclude` are patterns like `*.safetensors` or `onnx/`: files that match one of
    the former (default: all) and none of the latter are fetched. `revision` is the branch, tag
    or commit, if the reference has none. `local_dir` is a folder for plain files instead of the
    library's cache. Offline, the cached files must be complete, and a branch means its commit at
    the last request. `offline` and `progress` are those of `download`.

    Raises RefError, NotFoundError (also if no file matches), AccessError, FetchError,
    OfflineError, CacheError, FormatError for a file that is not well formed, or IntegrityError.

    >>> snapshot("hf:org/name/config.json")
    Traceback (most recent call last):
        ...
    hub.errors.RefError: hf:org/name/config.json: is a file, not a repository...
    """
    repository = _repository(ref, revision, offline)
    patterns = _patterns(include), _patterns(exclude)
    if local_dir is not None:
        from hub.repos.local_dir import copy_to

        return copy_to(repository, Path(local_dir), *patterns, progress=progress)
    return repository.snapshot(*patterns, progress=progress)


def plan(
    ref: str | Ref,
    *,
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    revision: str | None = None,
    offline: bool | None = None,
) -> Plan:
    """The files that `snapshot` would fetch, with sizes; requests the listing, but no file.

    >>> plan("hf:org/name/config.json")
    Traceback (most recent call last):
        ...
    hub.errors.RefError: hf:org/name/config.json: is a file, not a repository...
    """
    repository = _repository(ref, revision, offline)
    return repository.plan(_patterns(include), _patterns(exclude))


def path(ref: str | Ref, sha256: str | None = None) -> Path:
    """The cached file of a reference, or the cached folder of a repository.

    It is verified and nothing is fetched, so that the folder may lack files. Raises
    NotFoundError if nothing is cached and IntegrityError if the bytes have changed.

    >>> path("https://example.org/never-downloaded.pth")
    Traceback (most recent call last):
        ...
    hub.errors.NotFoundError: https://example.org/never-downloaded.pth: is not in the cache...
    """
    ref = as_ref(ref)
    if repo_id.is_repository(ref):
        if sha256 is not None:
            raise RefError(f"{ref}: is a repository: a SHA-256 pins a file")
        return _repository(ref, None, offline=True).here()
    return loading.find(_bound(ref, sha256)).path


def ls(filter: Filter | None = None) -> list[Item]:
    """The cached files and commits of repositories that pass a filter, by reference.

    >>> all(item.size >= 0 for item in ls())
    True
    """
    found = caches.items()
    return found if filter is None else filter.select(found)


def verify(ref: str | Ref | None = None, filter: Filter | None = None) -> list[Check]:
    """Hash a file or all files of a repository, or everything cached, and compare.

    Expected hashes are those recorded, pinned, or given by the repository. Works offline. A
    damaged file is reported, not removed: `download` fetches it again.

    >>> all(isinstance(check.ok, bool) for check in verify())
    True
    """
    wanted = [Ref(item.ref) for item in ls(filter)] if ref is None else [as_ref(ref)]
    return [check for each in wanted for check in cache_of(each).verify(each)]


def rm(ref: str | Ref) -> int:
    """Remove a file and the hash of its first download from the cache; returns the bytes freed.

    Of a repository it removes the commit of the revision, or one file of it. Files outside the
    caches (`file:`, `builtin:`) are not removed but raise NotFoundError.

    >>> rm("https://example.org/never-downloaded.pth")
    Traceback (most recent call last):
        ...
    hub.errors.NotFoundError: https://example.org/never-downloaded.pth: is not in the cache...
    """
    ref = as_ref(ref)
    return cache_of(ref).remove(ref)


def collect(grace: float = DAY, *, dry_run: bool = False) -> Collected:
    """Remove blobs without a reference and partial files that no download resumed.

    Only those older than `grace` seconds: a file being fetched has no reference yet.

    >>> collect(dry_run=True).size >= 0
    True
    """
    freed = {name: cache_named(name).collect(grace, dry_run=dry_run) for name in ("hub", "hf")}
    return Collected(**freed)


def info(ref: str | Ref) -> Info:
    """Describe a file or repository, without fetching it.

    >>> info("https://example.org/never-downloaded.pth").path is None
    True
    """
    ref = as_ref(ref)
    known = cache_of(ref).describe(ref)
    return _with_contents(known, known.path) if known.path else known


def _bound(ref: str | Ref, sha256: str | None) -> Ref:
    """The reference with all its pins: the argument's, and those of the active lock file."""
    ref = as_ref(ref).pinned(sha256)
    lock = lockfile.active()
    return lock.bind(ref) if lock else ref


def _repository(ref: str | Ref, revision: str | None, offline: bool | None) -> Repository:
    repository = loading.repository(as_ref(ref), revision, offline)
    lock = lockfile.active()
    return lock.bind_repository(repository) if lock else repository


def _patterns(patterns: str | Sequence[str] | None) -> Sequence[str] | None:
    return [patterns] if isinstance(patterns, str) else patterns


def _with_contents(known: Info, path: Path) -> Info:
    """Add the contents of a weight file, if it is one and its readers can be imported."""
    if path.suffix not in _WEIGHTS or not path.is_file():
        return known
    try:
        from hub import formats
    except ImportError as error:  # the readers need numpy, which the rest of the hub does not
        return replace(known, unreadable=str(error))
    try:
        counts = [math.prod(shape) for shape in _shapes(formats.read(path))]
    except FormatError as error:
        return replace(known, unreadable=str(error))
    return replace(known, tensors=len(counts), elements=sum(counts))


def _shapes(value: object) -> Iterator[tuple[int, ...]]:
    """The shapes of all arrays in nested containers."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _shapes(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _shapes(item)
    elif hasattr(value, "shape") and hasattr(value, "dtype"):
        yield tuple(value.shape)
