"""`lock` and `sync`: writing a lock file, and fetching its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hub import loading
from hub.errors import IntegrityError, NotFoundError, RefError
from hub.file_info import FileInfo
from hub.hub_cache import cache_errors
from hub.lockfile.format import Entry, LockFile, read
from hub.refs import Ref
from hub.repos import repo_id
from hub.repos.layout import RepoFolder
from hub.sources import as_ref, parse


@dataclass(frozen=True)
class Synced:
    """The result of `sync` for a reference: its size, and the bytes fetched."""

    ref: str
    files: int
    size: int
    fetched: int


def lock(
    path: str | Path,
    wanted: Sequence[str | Ref] = (),
    *,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    offline: bool | None = None,
    progress: bool | None = None,
) -> LockFile:
    """Write a lock file with the current files of references, fetched if needed.

    `include` and `exclude` select files of repositories, as in `hub.snapshot`. Without references
    those of the lock file are resolved again, each with its patterns. Raises the errors of loading
    the references; the lock file is then unchanged.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "weights.bin")
    >>> _ = file.write_bytes(b"12345678")
    >>> written = lock(file.with_name("app.lock"), [f"file:{file}"])
    >>> [entry.size for entry in written.entries]
    [8]
    """
    path = Path(path)
    patterns = _tuple(include), _tuple(exclude)
    requests = {as_ref(ref): patterns for ref in wanted}
    if not requests:
        known = read(path).entries
        requests = {parse(entry.ref): (entry.include, entry.exclude) for entry in known}
    entries = [
        _repository_entry(ref, *chosen, offline=offline, progress=progress)
        if repo_id.is_repository(ref)
        else _file_entry(ref, offline=offline, progress=progress)
        for ref, chosen in requests.items()
    ]
    found = LockFile(path, tuple(sorted(entries, key=lambda entry: entry.ref)))
    found.write()
    return found


def sync(
    path: str | Path, *, offline: bool | None = None, progress: bool | None = None
) -> list[Synced]:
    """Fetch and verify all files of a lock file, for work offline.

    Raises LockError, or the errors of loading: IntegrityError if the bytes differ from the lock.

    >>> sync("no-such.lock")
    Traceback (most recent call last):
        ...
    hub.errors.LockError: no-such.lock: there is no such lock file: `hub lock` writes one
    """
    found = read(Path(path))
    return [
        _sync_repository(found, entry, offline=offline, progress=progress)
        if entry.files
        else _sync_file(entry, offline=offline, progress=progress)
        for entry in found.entries
    ]


def _file_entry(ref: Ref, *, offline: bool | None, progress: bool | None) -> Entry:
    loading.load(ref, offline=offline, progress=progress)
    file = loading.find(ref)
    entry = Entry(
        ref.identity,
        file=FileInfo(file.size, file.sha256),
        archive_sha256=file.archive_sha256,
    )
    name = entry.name
    return replace(entry, commit=RepoFolder(name.repo).commit(name.revision)) if name else entry


def _repository_entry(
    ref: Ref,
    include: tuple[str, ...] | None,
    exclude: tuple[str, ...] | None,
    *,
    offline: bool | None,
    progress: bool | None,
) -> Entry:
    repository = loading.repository(ref, None, offline)
    commit = repository.snapshot(include, exclude, progress=progress).name
    files = {
        path: FileInfo(file.size, file.sha256)
        for path, file in repository.cached_files(commit, include, exclude).items()
    }
    if not files:
        raise RefError(f"{ref}: has no files to lock")
    return Entry(ref.identity, commit, files=files, include=include, exclude=exclude)


def _sync_repository(
    found: LockFile, entry: Entry, *, offline: bool | None, progress: bool | None
) -> Synced:
    repository = loading.repository(parse(entry.ref), None, offline)
    bound = found.bind_repository(repository)
    fetched = bound.plan().to_fetch
    bound.snapshot(progress=progress)
    _note_branch(entry)
    return Synced(entry.ref, len(entry.files), entry.size, fetched)


def _sync_file(entry: Entry, *, offline: bool | None, progress: bool | None) -> Synced:
    ref = entry.pinned()
    fetched = 0 if _is_here(ref) else entry.size
    loading.load(ref, offline=offline, progress=progress)
    _note_branch(entry)
    return Synced(entry.ref, 1, entry.size, fetched)


def _note_branch(entry: Entry) -> None:
    """Write the ref of the branch for other programs, unless it exists."""
    name = entry.name
    if name and entry.commit:
        folder = RepoFolder(name.repo)
        with cache_errors(folder.root):
            if folder.commit(name.revision) is None:
                folder.write_ref(name.revision, entry.commit)


def _is_here(ref: Ref) -> bool:
    try:
        loading.find(ref)
    except (NotFoundError, IntegrityError):
        return False
    return True


def _tuple(patterns: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if patterns is None else tuple(patterns)
