"""Publishing of commits: staged beside the repository and verified before they become visible."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hub.server.store import Store
from hub.server.tree import Tree, is_visible, make_entry, make_tree

_LEFTOVER_LIFE = 24 * 3600  # seconds


class ConflictError(Exception):
    """The repository was changed since the caller read it."""


class Publisher:
    """Replaces the content of repositories, atomically."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._objects = store.private / "objects"
        self._incoming = store.private / "incoming"

    def create(self, repository: str) -> None:
        """Create an empty repository; ConflictError if the name is taken."""
        folder = self._store.root / repository
        folder.parent.mkdir(exist_ok=True)
        try:
            folder.mkdir()
        except FileExistsError:
            raise ConflictError(f"{repository}: there is such a repository") from None

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A temporary folder on the disk of the repositories."""
        folder = self._incoming / secrets.token_hex(8)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def object(self, sha256: str) -> Path | None:
        """An uploaded large file, None if there is none."""
        path = self._objects / sha256
        return path if path.is_file() else None

    def add_object(self, file: Path, sha256: str) -> None:
        """Store a verified large file until a commit refers to it."""
        self._objects.mkdir(parents=True, exist_ok=True)
        sync(file)
        self._store.hashes.learn(file, sha256)
        file.replace(self._objects / sha256)

    def tidy(self) -> None:
        """Remove leftovers of unfinished uploads."""
        oldest = time.time() - _LEFTOVER_LIFE
        for folder in (self._objects, self._incoming):
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.stat().st_ctime < oldest:
                    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def publish(
        self, repository: str, revision: str, base: Tree, files: Mapping[str, Path], scratch: Path
    ) -> Tree:
        """Replace the content of a revision by `files`, by their path in the repository.

        `base` is the tree that the caller read: ConflictError if it has changed. Files in `scratch`
        are moved, all others linked. ValueError if a path is both a file and a folder. Returns the
        new tree.
        """
        folder = self._store.revision_folder(repository, revision)
        with self._store.replace(folder):
            if self._store.read(folder, max_age=0).id != base.id:
                raise ConflictError(f"{repository}: was changed by somebody else meanwhile")
            tree = make_tree(
                {path: make_entry(path, file, self._store.hashes) for path, file in files.items()}
            )
            staged = _stage(files, scratch)
            _carry_hidden(folder, staged)
            past = self._store.history(repository) / base.id
            if past.exists() or not base.entries:
                past = scratch / "replaced"
            self._store.replace_by(staged, folder, past)
            sync(folder.parent)
        self._store.hashes.save()
        return tree


def sync(path: Path) -> None:
    """Sync a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stage(files: Mapping[str, Path], scratch: Path) -> Path:
    """Stage the files of a revision in a folder of the scratch space, and return it."""
    staged = scratch / "tree"
    staged.mkdir()
    for path, file in files.items():
        target = staged / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.parent == scratch:
            sync(file)
            file.rename(target)
            continue
        try:
            target.hardlink_to(file)
        except OSError:  # another disk, or one without hard links
            shutil.copy2(file, target)
            sync(target)
    for folder, _, _ in os.walk(staged):
        sync(Path(folder))
    return staged


def _carry_hidden(folder: Path, staged: Path) -> None:
    """Link files that are not served, such as `.git`, into the replacement of a folder."""
    for item in folder.iterdir():
        if is_visible(item.name):
            continue
        if item.is_dir() and not item.is_symlink():
            shutil.copytree(item, staged / item.name, symlinks=True, copy_function=os.link)
        else:
            os.link(item, staged / item.name, follow_symlinks=False)
