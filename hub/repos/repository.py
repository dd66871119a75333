"""Repository at a revision: files and snapshots, from the cache or from the server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants

from hub.caches import not_cached, offline
from hub.disk import check_room, is_full, nearest_existing
from hub.errors import IntegrityError, LockError, NotFoundError, OfflineError
from hub.file_info import FileInfo, LocalFile
from hub.hub_cache import cache_errors
from hub.log import warn
from hub.parallel import for_each
from hub.progress import Bar
from hub.repos.cached_repo import CachedRepo
from hub.repos.client import Client, NoSuchFileError, UnreachableError
from hub.repos.fetcher import Fetcher
from hub.repos.plan import Patterns, Plan, Planned, choose
from hub.repos.progress import DownloadProgress
from hub.repos.repo_id import RepoRef
from hub.repos.tree import RepoFile, check_case
from hub.text import format_count
from hub.transfer import new_session

THREADS = 8  # files at a time: requests of small ones take longer than their transfer
_SHOWN = 3  # names of missing files in an error


@dataclass(frozen=True)
class Locked:
    """The files of a repository in a lock file, by path."""

    path: Path
    files: Mapping[str, FileInfo]


class Repository:
    """A repository at a revision. `pins` holds SHA-256 digests, by path, that files must have.

    `offline` never contacts the server: a branch means its commit at the last request.
    Under a lock file (see `locked`) only the files that it lists exist.
    """

    def __init__(
        self, name: RepoRef, *, offline: bool = False, pins: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.where = str(name)
        self.offline = offline or constants.HF_HUB_OFFLINE
        self.cached = CachedRepo(name.repo)
        self.notes = self.cached.folder  # stores commits of branches and listings
        self.pins = dict(pins or {})
        self._lock: Locked | None = None
        self._listing: dict[str, RepoFile] | None = None  # the server's current listing

    def locked(self, name: RepoRef, lock: Locked) -> Repository:
        """The same at the commit and with the files of a lock file."""
        pins = {path: file.sha256 for path, file in lock.files.items()}
        repository = Repository(name, offline=self.offline, pins=pins)
        repository._lock = lock
        return repository

    def find(self) -> LocalFile | None:
        """The file of the reference, if it is cached. The server is not contacted."""
        assert self.name.path is not None
        with cache_errors(self.cached.folder.root):
            commit = self.cached.folder.commit(self.name.revision)
            if commit is None:
                return None
            found = self.checked(commit, self.name.path)
            self.cached.save()
            return found

    def file(self, progress: bool | None = None) -> Path:
        """The file of the reference, fetched if needed."""
        with cache_errors(self.cached.folder.root):
            try:
                return self._known_file() or self._fetched_file(progress)
            finally:
                self.cached.save()

    def here(self) -> Path:
        """The folder of the commit with its cached files, each verified.

        Under a lock file all its files must be cached. NotFoundError if there is none.
        """
        if self._lock is not None:
            return self.snapshot()
        commit = self.cached.folder.commit(self.name.revision)
        if commit is None or not self.cached_files(commit, None, None):
            raise not_cached(self.where)
        return self.cached.folder.snapshot(commit)

    def cached_files(
        self, commit: str, include: Patterns, exclude: Patterns
    ) -> dict[str, LocalFile]:
        """The cached files of a commit that match, by path."""
        found = {}
        for path in choose(self.cached.files(commit), include, exclude):
            if file := self.checked(commit, path):
                found[path] = file
        self.cached.save()
        return found

    def plan(self, include: Patterns = None, exclude: Patterns = None) -> Plan:
        """The files that `snapshot` would fetch; contacts the server and changes nothing."""
        commit, files = self.choose(include, exclude)
        planned = [Planned(f.path, f.size, self._is_here(commit, f)) for f in files]
        return Plan(self.where, commit, tuple(planned))

    def choose(self, include: Patterns, exclude: Patterns) -> tuple[str, list[RepoFile]]:
        """The commit of the revision, and its matching files."""
        commit = self._commit()
        tree = self._tree(commit)
        chosen = choose(tree, include, exclude)
        if tree and not chosen:
            raise NotFoundError(
                f"{self.where}: none of its files matches the patterns: it has "
                f"{format_count(len(tree), 'file')}, like {next(iter(tree))!r}"
            )
        return commit, [tree[path] for path in chosen]

    def snapshot(
        self,
        include: Patterns = None,
        exclude: Patterns = None,
        *,
        progress: bool | None = None,
    ) -> Path:
        """The folder of the commit with all selected files, each verified."""
        with cache_errors(self.cached.folder.root):
            try:
                return self._snapshot(include, exclude, progress)
            finally:
                self.cached.save()

    def _snapshot(self, include: Patterns, exclude: Patterns, progress: bool | None) -> Path:
        commit, files = self.choose(include, exclude)
        folder = self.cached.folder
        missing = self._missing(commit, files)
        if missing and self.offline:
            raise self._missing_offline(missing, files)
        self._remember_listing(commit)
        if missing:
            check_case(self.where, (file.path for file in files), folder.root)
            self._fetch_all(commit, missing, progress)
        if self._lock is not None:
            self._check_nothing_else(commit, self._lock, include, exclude)
        snapshot = folder.snapshot(commit)
        if not files:
            snapshot.mkdir(parents=True, exist_ok=True)
        self.remember(commit)
        return snapshot

    def remember(self, commit: str) -> None:
        """Store the server's answers, for work offline."""
        self._remember_listing(commit)
        self._note(lambda: self.notes.write_ref(self.name.revision, commit))

    def _remember_listing(self, commit: str) -> None:
        listing = self._listing or self.cached.tree(commit)
        if listing is not None and not self.notes.tree_path(commit).exists():
            self._note(lambda: self.notes.write_tree(commit, listing.values()))

    def fetcher(self, commit: str, stack: contextlib.ExitStack) -> Fetcher:
        """A fetcher of files of a commit, until the stack is closed."""
        session = stack.enter_context(new_session(THREADS))
        client = Client(self.name.repo, self.where)
        return Fetcher(
            self.cached, client, commit, where=self.where, session=session, pins=self.pins
        )

    def _known_file(self) -> Path | None:
        """The file, if it is known without a request."""
        folder, path = self.cached.folder, self.name.path
        assert path is not None
        commit = folder.commit(self.name.revision)
        is_settled = self.offline or self.name.commit is not None or path in self.pins
        if commit is None or not is_settled:
            found = None
        else:
            found = self._found_unless_repairable(commit, path)
        if found is not None:
            return found.path
        if commit is not None and is_settled and folder.is_known_absent(commit, path):
            raise NotFoundError(f"{self.where}: {self.name.repo} has no such file there")
        if self.offline:
            raise offline(self.where)
        return None

    def _found_unless_repairable(self, commit: str, path: str) -> LocalFile | None:
        try:
            return self.checked(commit, path)
        except IntegrityError:
            if self.offline:
                raise
            return None  # reported by the next fetch

    def checked(self, commit: str, path: str) -> LocalFile | None:
        """A file of a commit, if it is cached; IntegrityError if its bytes are wrong."""
        found = self.cached.find(self.where, commit, path)
        pin = self.pins.get(path)
        if found and pin not in (None, found.sha256):
            raise IntegrityError(
                self.where,
                expected=str(pin),
                got=found.sha256,
                source=f"the cached {found.path}",
                advice="check the pin; `hub download` asks the server for the file again",
            )
        return found

    def _fetched_file(self, progress: bool | None) -> Path:
        client = Client(self.name.repo, self.where)
        try:
            commit, file = self._ask_for_file(client)
        except UnreachableError as error:
            return self._last_known_file(error)
        with contextlib.ExitStack() as stack:
            bar = stack.enter_context(contextlib.closing(Bar(file.path, progress)))
            path = self.fetcher(commit, stack).fetch(file, bar)
        self._note(lambda: self.cached.folder.write_ref(self.name.revision, commit))
        return path

    def _note(self, write: Callable[[], None]) -> None:
        """Store the server's answers, unless the cache is read-only."""
        try:
            write()
        except OSError as error:
            if is_full(error):
                raise
            warn(f"{self.where}: the listing cannot be stored for work offline: {error}")

    def _ask_for_file(self, client: Client) -> tuple[str, RepoFile]:
        folder, path = self.cached.folder, self.name.path
        assert path is not None
        last = folder.commit(self.name.revision)
        if self.name.commit is not None:
            tree = self.cached.tree(self.name.commit)
            if tree is not None and path in tree:
                return self.name.commit, tree[path]
        try:
            commit, file = client.file(self.name, patient=last is None)
        except NoSuchFileError as error:
            if error.commit is not None:
                folder.mark_absent(error.commit, path)
            raise
        tree = self.cached.tree(commit)
        return commit, tree.get(path, file) if tree else file

    def _last_known_file(self, error: UnreachableError) -> Path:
        found = self.find()
        if found is None:
            raise error
        warn(f"{error}; using the commit of the last request")
        return found.path

    def _commit(self) -> str:
        """The commit of the revision."""
        if self.name.commit is not None:
            return self.name.commit
        last = self._last_commit()
        if self.offline:
            if last is None:
                raise offline(self.where)
            return last
        try:
            client = Client(self.name.repo, self.where)
            return client.commit(self.name.revision, patient=last is None)
        except UnreachableError as error:
            if last is None:
                raise
            warn(f"{error}; using the commit of the last request")
            self.offline = True
            return last

    def _last_commit(self) -> str | None:
        revision = self.name.revision
        return self.notes.commit(revision) or self.cached.folder.commit(revision)

    def _tree(self, commit: str) -> dict[str, RepoFile]:
        """All files of a commit, or those of the lock file."""
        tree = self.cached.tree(commit)
        if tree is None:
            tree = self.notes.tree(commit)
        lock = self._lock
        if tree is None and lock and (self.offline or self._has_all(commit, lock)):
            return {
                path: RepoFile(path, file.size, None, file.sha256)
                for path, file in lock.files.items()
            }
        if tree is None:
            tree = self._listing = self._ask_for_tree(commit)
        if lock is None:
            return tree
        unknown = lock.files.keys() - tree.keys()
        if unknown:
            raise NotFoundError(
                f"{self.where}: has no file {min(unknown)!r}, which {lock.path} lists"
            )
        return {path: tree[path] for path in lock.files}

    def _ask_for_tree(self, commit: str) -> dict[str, RepoFile]:
        if not self.offline:
            return Client(self.name.repo, self.where).files(commit)
        here = len(self.cached.files(commit))
        raise OfflineError(
            f"{self.where}: the cache has {format_count(here, 'file')} of it, how many there are "
            "is not known, and the hub is offline: ask for single files, or download it where "
            "there is a network"
        )

    def _has_all(self, commit: str, lock: Locked) -> bool:
        return all(self.cached.folder.pointer(commit, path).exists() for path in lock.files)

    def _missing(self, commit: str, files: list[RepoFile]) -> list[RepoFile]:
        """Files missing in the snapshot; those added by other programs are hashed in parallel."""
        missing: set[str] = set()

        def look(file: RepoFile) -> None:
            if not self._is_good(commit, file):
                missing.add(file.path)

        for_each(look, files, threads=os.cpu_count() or 1)
        return [file for file in files if file.path in missing]

    def _is_good(self, commit: str, file: RepoFile) -> bool:
        """True if a file is in the snapshot with the right bytes; hashed if not yet verified."""
        try:
            return self.checked(commit, file.path) is not None
        except IntegrityError as error:
            if self.offline:
                raise
            warn(f"{self.where}: {file.path}: the hash is {error.got}; fetching it again")
            return False

    def _missing_offline(self, missing: list[RepoFile], files: list[RepoFile]) -> OfflineError:
        return OfflineError(
            f"{self.where}: the hub is offline, and the cache lacks {len(missing)} of "
            f"{format_count(len(files), 'file')} ({shortened([file.path for file in missing])}): "
            "download it where there is a network"
        )

    def _check_nothing_else(
        self, commit: str, lock: Locked, include: Patterns, exclude: Patterns
    ) -> None:
        """Raise if the folder has files beside the locked ones, as programs would read them."""
        present = choose(self.cached.files(commit), include, exclude)
        others = [path for path in present if path not in lock.files]
        if others:
            folder = self.cached.folder.snapshot(commit)
            raise LockError(
                f"{self.where}: {folder} also has {shortened(others)}, which {lock.path} does not "
                "list: add it with `hub lock`, exclude it, or use a local folder"
            )

    def _fetch_all(self, commit: str, files: list[RepoFile], progress: bool | None) -> None:
        to_come = sum(file.size for file in files if not self._is_here(commit, file))
        check_space(self.where, self.cached.folder.root, to_come)
        bars = DownloadProgress(str(self.name.repo), sum(file.size for file in files), progress)
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.closing(bars))
            fetcher = self.fetcher(commit, stack)

            def fetch(file: RepoFile) -> None:
                with contextlib.closing(bars.meter(file.path, file.size)) as meter:
                    fetcher.fetch(file, meter)

            for_each(fetch, files, threads=THREADS)

    def _is_here(self, commit: str, file: RepoFile) -> bool:
        folder = self.cached.folder
        return folder.pointer(commit, file.path).exists() or folder.blob(file.etag).exists()


def shortened(paths: Sequence[str]) -> str:
    """The first few names, for an error."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more


def check_space(where: str, folder: Path, size: int) -> None:
    """Raise CacheError if the disk of a folder, which need not exist, has less free space."""
    folder = nearest_existing(folder)
    advice = "free some space, or set HF_HOME to a folder on another disk"
    check_room(where, size, folder, f"on the disk of {folder}: {advice}")
