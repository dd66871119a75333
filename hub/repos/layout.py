"""The cache of repositories on the disk, in the layout of the library `huggingface_hub`.

Files fetched here are read by its clients, and the other way round:

    models--ORG--NAME/blobs/<etag>              the bytes, under their SHA-256 or git SHA-1
    models--ORG--NAME/snapshots/<commit>/PATH   a relative link to the blob
    models--ORG--NAME/refs/<revision>           the commit of a branch or tag at the last request
    models--ORG--NAME/trees/<commit>.json       all files of a commit, with sizes and hashes
    models--ORG--NAME/.no_exist/<commit>/PATH   empty: a file that the commit does not have
    .locks/models--ORG--NAME/<etag>.lock        held while the blob is fetched

A file is published in the order blob, snapshot, ref, each by an atomic rename. On systems without
symbolic links the snapshot contains the file itself and there is no blob.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hub import file_lock
from hub.errors import CacheError, FetchError
from hub.repos.repo_id import COMMIT, Repo
from hub.repos.tree import RepoFile, check_files

_TREE_VERSION = 1


def cache_folder() -> Path:
    """The cache folder of the library, set by HF_HUB_CACHE or HF_HOME."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).expanduser().absolute()


class RepoFolder:
    """The folder of one repository in the cache, which need not exist."""

    def __init__(self, repo: Repo, root: Path | None = None) -> None:
        self.repo = repo
        self.root = root or cache_folder()
        self.path = self.root / repo.folder
        self.blobs = self.path / "blobs"
        self.snapshots = self.path / "snapshots"
        self.refs = self.path / "refs"
        self.locks = self.root / ".locks" / repo.folder

    def snapshot(self, commit: str) -> Path:
        return self.snapshots / commit

    def pointer(self, commit: str, path: str) -> Path:
        """The path of a file in the snapshot of a commit."""
        return self.snapshots / commit / path

    def commit(self, revision: str) -> str | None:
        """The commit of a revision at the last request to the server."""
        if COMMIT.fullmatch(revision):
            return revision
        path = self.refs / revision
        try:
            commit = path.read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        if not COMMIT.fullmatch(commit):
            raise CacheError(f"{path}: holds no commit: delete it")
        return commit

    def commits(self) -> list[str]:
        """The commits with cached files, in alphabetical order."""
        if not self.snapshots.is_dir():
            return []
        names = (path.name for path in self.snapshots.iterdir() if path.is_dir())
        return sorted(name for name in names if COMMIT.fullmatch(name))

    def revisions(self, commit: str) -> list[str]:
        """The branches and tags that pointed to a commit at their last request."""
        found = []
        for path in self.refs.rglob("*"):
            if path.is_file() and path.read_bytes().strip() == commit.encode():
                found.append(path.relative_to(self.refs).as_posix())
        return sorted(found)

    def write_ref(self, revision: str, commit: str) -> None:
        """Store the commit of a branch or tag; nothing for a commit."""
        if revision != commit and self.commit(revision) != commit:
            self._write(self.refs / revision, commit)

    def tree_path(self, commit: str) -> Path:
        return self.path / "trees" / f"{commit}.json"

    def tree(self, commit: str) -> dict[str, RepoFile] | None:
        """All files of a commit, None if they were never listed."""
        path = self.tree_path(commit)
        try:
            listing = json.loads(path.read_bytes())
            if listing["format_version"] != _TREE_VERSION:
                return None
            files = [RepoFile.from_json(name, file) for name, file in listing["files"].items()]
            return check_files(str(path), files)
        except FileNotFoundError:
            return None
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
            FetchError,
        ) as error:
            raise CacheError(f"{path}: is no listing of files: delete it ({error})") from None

    def write_tree(self, commit: str, files: Iterable[RepoFile]) -> None:
        entries = {file.path: file.to_json() for file in sorted(files, key=lambda file: file.path)}
        listing = {"format_version": _TREE_VERSION, "files": entries}
        self._write(self.tree_path(commit), json.dumps(listing, indent=1))

    def absent(self, commit: str) -> Path:
        return self.path / ".no_exist" / commit

    def is_known_absent(self, commit: str, path: str) -> bool:
        """True if the server has reported that the commit has no such file."""
        return (self.absent(commit) / path).is_file()

    def mark_absent(self, commit: str, path: str) -> None:
        marker = self.absent(commit) / path
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()

    def lock_path(self, etag: str) -> Path:
        return self.locks / f"{etag}.lock"

    @contextlib.contextmanager
    def lock(self, etag: str) -> Iterator[None]:
        """Lock a blob against other processes that fetch it, the library's included."""
        path = self.lock_path(etag)
        with file_lock.lock(path, waiting_for=f"another process fetches a file of {self.repo}"):
            yield

    @functools.cached_property
    def _has_links(self) -> bool:
        """True if the disk supports symbolic links, as tested once by the library."""
        from huggingface_hub.file_download import are_symlinks_supported

        return are_symlinks_supported(self.root)

    def blob(self, etag: str) -> Path:
        return self.blobs / etag

    def publish(self, received: Path, commit: str, file: RepoFile) -> Path:
        """Publish a received and verified file. Under its lock."""
        pointer = self._pointer_folder(commit, file.path)
        if not self._has_links:
            received.replace(pointer)
            return pointer
        self.blobs.mkdir(parents=True, exist_ok=True)
        received.replace(self.blob(file.etag))
        return self.link(commit, file)

    def link(self, commit: str, file: RepoFile) -> Path:
        """Link an existing blob into the snapshot of a commit. Under its lock."""
        pointer, blob = self._pointer_folder(commit, file.path), self.blob(file.etag)
        with self._temporary() as fresh:
            if self._has_links:
                fresh.symlink_to(os.path.relpath(blob, pointer.parent))
            else:
                import shutil  # imports the compression libraries

                shutil.copyfile(blob, fresh)
            fresh.replace(pointer)
        return pointer

    def _pointer_folder(self, commit: str, path: str) -> Path:
        pointer = self.pointer(commit, path)
        pointer.parent.mkdir(parents=True, exist_ok=True)
        return pointer

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._temporary() as fresh:
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(path)

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        """A name for a temporary file on this disk, outside blobs and snapshots."""
        self.path.mkdir(parents=True, exist_ok=True)
        path = self.path / f".{os.urandom(8).hex()}.tmp"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def cached_repos() -> list[RepoFolder]:
    """The repositories in the cache, by type and name."""
    root = cache_folder()
    names = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    repos = map(Repo.from_folder, names)
    return [RepoFolder(repo, root) for repo in repos if repo is not None]
