"""Files of a repository as plain files in a folder of the user (`local_dir`).

Copied files are recorded as the library does, in `.cache/huggingface/download` of the folder,
so that its client knows them too. The commit of the branch and its listing are stored beside, in
the layout of the cache, so that the folder suffices offline.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path

from hub import file_lock
from hub.errors import CacheError, IntegrityError, OfflineError
from hub.hub_cache import cache_errors
from hub.parallel import for_each
from hub.progress import Meter
from hub.repos.cached_repo import hash_blob
from hub.repos.fetcher import Fetcher
from hub.repos.layout import RepoFolder
from hub.repos.plan import Patterns
from hub.repos.progress import DownloadProgress
from hub.repos.repository import THREADS, Repository, check_space
from hub.repos.tree import RepoFile, check_case


def copy_to(
    repository: Repository,
    folder: Path,
    include: Patterns = None,
    exclude: Patterns = None,
    *,
    progress: bool | None = None,
) -> Path:
    """Copy the selected files into a folder, each verified; from the cache if it has them.

    A file with other bytes is replaced only if it has not been changed since it was copied,
    otherwise CacheError is raised.
    """
    folder = folder.expanduser().absolute()
    # Commit and listing are stored in the folder, as the cache has no snapshot for them.
    repository.notes = RepoFolder(repository.name.repo, folder / ".cache" / "huggingface")
    commit, files = repository.choose(include, exclude)
    local = _LocalFolder(folder, repository, commit)
    wanted = [file for file in files if local.needs(file)]
    check_space(repository.where, folder, sum(file.size for file in wanted))
    bars = DownloadProgress(str(repository.name.repo), sum(file.size for file in wanted), progress)
    with contextlib.ExitStack() as stack:
        stack.enter_context(cache_errors(folder))
        check_case(repository.where, (file.path for file in files), folder)
        stack.enter_context(contextlib.closing(bars))
        fetcher = None if repository.offline else repository.fetcher(commit, stack)

        def put(file: RepoFile) -> None:
            with contextlib.closing(bars.meter(file.path, file.size)) as meter:
                local.put(file, fetcher, meter)

        for_each(put, wanted, threads=THREADS)
    repository.remember(commit)
    repository.cached.save()
    return folder


class _LocalFolder:
    def __init__(self, folder: Path, repository: Repository, commit: str) -> None:
        self._folder = folder
        self._notes = folder / ".cache" / "huggingface" / "download"
        self._repository = repository
        self._commit = commit

    def needs(self, file: RepoFile) -> bool:
        """True if a file must be copied: it is missing, or an earlier copied version."""
        target = self._folder / file.path
        if not target.exists():
            return True
        sha256, got = hash_blob(target, file.etag)
        if got == file.etag and self._repository.pins.get(file.path) in (None, sha256):
            self._note(file)
            return False
        put = self._etag_put(file)
        if put is None or hash_blob(target, put)[1] != put:
            raise CacheError(
                f"{self._repository.where}: {target} is there with other bytes, which did not "
                "come from this repository or were changed: move it away, or name another folder"
            )
        return True

    def put(self, file: RepoFile, fetcher: Fetcher | None, meter: Meter) -> None:
        """Copy a file from the cache, or else from the server."""
        received = self._notes / f"{file.etag}.bestiary.incomplete"
        waiting = f"another process fetches {file.path}"
        with file_lock.lock(received.with_suffix(".lock"), waiting_for=waiting):
            if not self._copy(file, received):
                if fetcher is None:
                    raise OfflineError(
                        f"{self._repository.where}: {file.path} is not in the cache and the hub "
                        "is offline: download it where there is a network"
                    )
                fetcher.receive(file, received, meter)
            target = self._folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            received.replace(target)
            self._note(file)

    def _copy(self, file: RepoFile, received: Path) -> bool:
        found = self._repository.checked(self._commit, file.path)
        if found is None:
            return False
        shutil.copyfile(found.path, received)
        got, _ = hash_blob(received, found.sha256)
        if got != found.sha256:
            received.unlink()
            raise IntegrityError(
                f"{self._repository.where}: {file.path}",
                expected=found.sha256,
                got=got,
                source=f"the copy {received}",
                advice="one of the disks is damaged",
            )
        return True

    def _note_path(self, file: RepoFile) -> Path:
        return self._notes / f"{file.path}.metadata"

    def _note(self, file: RepoFile) -> None:
        """Write commit, hash and time, a line each."""
        path = self._note_path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{self._commit}\n{file.etag}\n{time.time()}\n", encoding="utf-8")

    def _etag_put(self, file: RepoFile) -> str | None:
        try:
            return self._note_path(file).read_text(encoding="utf-8").split()[1]
        except (FileNotFoundError, IndexError, UnicodeDecodeError):
            return None
