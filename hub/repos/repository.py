"""A repository at a revision: its files and snapshots, from the cache or from the server."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import CacheError, IntegrityError, NotFoundError, OfflineError
from hub.progress import Bar
from hub.repos.bars import Bars
from hub.repos.cached import CachedRepo, Found
from hub.repos.client import Client, NoSuchFileError, UnreachableError
from hub.repos.fetching import Fetcher, warn
from hub.repos.names import Name
from hub.repos.parallel import for_each
from hub.repos.plan import Plan, Planned, choose
from hub.repos.tree import RepoFile
from hub.transfer import new_session

if TYPE_CHECKING:
    from requests import Session

Patterns = Sequence[str] | None

THREADS = 8  # files at a time: small ones take longer to ask for than to send
_SHOWN = 3  # names of missing files in an error


class Repository:
    """What a reference names. `pins` holds SHA-256 digests, by path, that files must have.

    `offline` never asks the server: a branch is then what it was when it was last asked for.
    """

    def __init__(
        self, name: Name, *, offline: bool = False, pins: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.where = str(name)
        self.offline = offline
        self.cached = CachedRepo(name.repo)
        self._pins = dict(pins or {})

    def find(self) -> Found | None:
        """The file that the reference names, if it is here. The server is not asked."""
        assert self.name.path is not None
        commit = self.cached.folder.commit(self.name.revision)
        if commit is None:
            return None
        found = self._checked(commit, self.name.path)
        self.cached.save()
        return found

    def file(self, progress: bool | None = None) -> Path:
        """The file that the reference names, fetched if need be."""
        try:
            return self._known_file() or self._fetched_file(progress)
        finally:
            self.cached.save()

    def plan(self, include: Patterns = None, exclude: Patterns = None) -> Plan:
        """What `snapshot` would do; it asks the server and changes nothing."""
        commit = self._commit()
        files = [
            Planned(file.path, file.size, self._lies_here(commit, file))
            for file in self._chosen(self._tree(commit), include, exclude)
        ]
        return Plan(self.where, commit, tuple(files))

    def snapshot(
        self,
        include: Patterns = None,
        exclude: Patterns = None,
        *,
        progress: bool | None = None,
    ) -> Path:
        """The folder of the commit, with all chosen files in it, each of them verified."""
        commit, folder = self._commit(), self.cached.folder
        tree = self._tree(commit)
        files = self._chosen(tree, include, exclude)
        try:
            if self.offline:
                self._check_all_here(commit, files)
            else:
                folder.write_tree(commit, tree.values())
                self._bring_all(commit, files, progress)
                folder.write_ref(self.name.revision, commit)
        finally:
            self.cached.save()
        return folder.snapshot(commit)

    def _known_file(self) -> Path | None:
        """The file, where the server need not be asked for it."""
        folder, path = self.cached.folder, self.name.path
        assert path is not None
        commit = folder.commit(self.name.revision)
        is_settled = self.offline or self.name.commit is not None or path in self._pins
        if commit is None or not is_settled:
            found = None
        else:
            found = self._found_unless_repairable(commit, path)
        if found is not None:
            return found.path
        if commit is not None and is_settled and folder.is_known_absent(commit, path):
            raise NotFoundError(f"{self.where}: {self.name.repo} has no such file there")
        if self.offline:
            raise OfflineError(
                f"{self.where}: is not in the cache and the hub is offline: "
                "download it where there is a network"
            )
        return None

    def _found_unless_repairable(self, commit: str, path: str) -> Found | None:
        try:
            return self._checked(commit, path)
        except IntegrityError:
            if self.offline:
                raise
            return None  # told of where it is fetched again

    def _checked(self, commit: str, path: str) -> Found | None:
        found = self.cached.find(self.where, commit, path)
        pin = self._pins.get(path)
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
        bar = Bar(file.path, progress)
        try:
            with new_session() as session:
                path = self._fetcher(client, commit, session).bring(file, bar)
        finally:
            bar.close()
        self.cached.folder.write_ref(self.name.revision, commit)
        return path

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
        warn(f"{error}; using what it was when it was last asked for")
        return found.path

    def _commit(self) -> str:
        """The commit that the revision stands for."""
        if self.name.commit is not None:
            return self.name.commit
        last = self.cached.folder.commit(self.name.revision)
        if self.offline:
            if last is None:
                raise OfflineError(
                    f"{self.where}: is not in the cache and the hub is offline: "
                    "download it where there is a network"
                )
            return last
        try:
            client = Client(self.name.repo, self.where)
            return client.commit(self.name.revision, patient=last is None)
        except UnreachableError as error:
            if last is None:
                raise
            warn(f"{error}; using what it was when it was last asked for")
            self.offline = True
            return last

    def _tree(self, commit: str) -> dict[str, RepoFile]:
        """All files of a commit."""
        tree = self.cached.tree(commit)
        if tree is not None:
            return tree
        if not self.offline:
            return Client(self.name.repo, self.where).files(commit)
        here = len(self.cached.files(commit))
        raise OfflineError(
            f"{self.where}: {here} files of it are in the cache, how many it has is not known, and "
            "the hub is offline: ask for single files, or download it where there is a network"
        )

    def _chosen(
        self, tree: dict[str, RepoFile], include: Patterns, exclude: Patterns
    ) -> list[RepoFile]:
        chosen = choose(tree, include, exclude)
        if tree and not chosen:
            raise NotFoundError(
                f"{self.where}: none of its {len(tree)} files matches the patterns; one of them "
                f"is {next(iter(tree))!r}"
            )
        return [tree[path] for path in chosen]

    def _check_all_here(self, commit: str, files: list[RepoFile]) -> None:
        missing = [file.path for file in files if self._checked(commit, file.path) is None]
        if missing:
            raise OfflineError(
                f"{self.where}: {len(missing)} of {len(files)} files are not in the cache and the "
                f"hub is offline ({shortened(missing)}): download it where there is a network"
            )

    def _bring_all(self, commit: str, files: list[RepoFile], progress: bool | None) -> None:
        missing = sum(file.size for file in files if not self._lies_here(commit, file))
        check_space(self.where, self.cached.folder.root, missing)
        client = Client(self.name.repo, self.where)
        bars = Bars(str(self.name.repo), sum(file.size for file in files), progress)
        with new_session(THREADS) as session, contextlib.closing(bars):
            fetcher = self._fetcher(client, commit, session)

            def bring(file: RepoFile) -> None:
                with contextlib.closing(bars.meter(file.path, file.size)) as meter:
                    fetcher.bring(file, meter)

            for_each(bring, files, threads=THREADS, stop=bars.stop)

    def _lies_here(self, commit: str, file: RepoFile) -> bool:
        folder = self.cached.folder
        return folder.pointer(commit, file.path).exists() or folder.blob(file.etag).exists()

    def _fetcher(self, client: Client, commit: str, session: Session) -> Fetcher:
        return Fetcher(
            self.cached, client, commit, where=self.where, session=session, pins=self._pins
        )


def shortened(paths: Sequence[str]) -> str:
    """The first few of them, for an error."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more


def check_space(where: str, folder: Path, size: int) -> None:
    """CacheError if so many bytes have no room on the disk of a folder, which need not exist."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise CacheError(
            f"{where}: needs {size} bytes and {free} are free on the disk of {folder}: make room, "
            "or set HF_HOME to a folder on another disk"
        )
