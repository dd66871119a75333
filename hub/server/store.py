"""The repositories in a folder, and their revisions.

    DIR/NAME/...            a repository: a folder that contains at least one file
    DIR/ORG/NAME/...        a repository: a folder in a folder that contains only folders
    DIR/ORG/NAME@REV/...    the same repository at a branch or tag other than `main`
    DIR/.hub/               private to the server, not served:
        hashes.json         the hashes of files (see `hub.server.hashes`)
        commits.json        the commits of mirrored repositories (see `hub.server.commits`)
        history/ORG/NAME/   earlier states of `main` by commit, unchanged files as hard links
        next/ORG/NAME/      a staged repository, about to be renamed
        objects/, incoming/ uploaded large files that are not in a repository yet

Repositories may be created, changed and removed with other tools; the server reads them again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote

from hub.errors import NotFoundError, RefError
from hub.repos.repo_id import COMMIT, Repo, parse
from hub.server.commits import KnownCommits
from hub.server.hashes import Hashes
from hub.server.tree import Tree, is_visible, read_tree

MAIN = "main"
_FRESH = 1.0  # seconds for which a cached listing is used


class RepositoryNotFoundError(NotFoundError):
    """There is no repository of this name."""


class RevisionNotFoundError(NotFoundError):
    """The repository has no such branch, tag or commit."""


@dataclass(frozen=True)
class Snapshot:
    """A repository at one revision."""

    repository: str
    folder: Path
    tree: Tree

    @property
    def name(self) -> str:
        """The name of the repository and, unless it is `main`, of the revision."""
        _, at, revision = self.folder.name.partition("@")
        return f"{self.repository}{at}{unquote(revision)}"

    @property
    def commit(self) -> str:
        """The revision: 40 hexadecimal digits."""
        return self.tree.commit


@dataclass
class _Folder:
    """The cached tree of a folder, and its age. Its lock is held while it is read or replaced."""

    lock: threading.RLock
    tree: Tree | None = None
    read: float = 0.0


def is_repository_id(text: str) -> bool:
    """True if a text is a repository's NAME or ORG/NAME.

    >>> is_repository_id("org/some-model"), is_repository_id("../etc"), is_repository_id(".git")
    (True, False, False)
    """
    try:
        name = parse(f"hf:{text}")
    except RefError:
        return False
    return name.path is None and name.repo == Repo("model", text)


class Store:
    """The repositories below a folder. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.private = self.root / ".hub"
        self.hashes = Hashes(self.private / "hashes.json")
        self.commits = KnownCommits(self.private / "commits.json")
        self._lock = threading.Lock()
        self._moving = threading.Lock()
        self._folders: dict[Path, _Folder] = {}

    def repositories(self) -> list[str]:
        """The names of all repositories, sorted."""
        found = []
        for folder in _subfolders(self.root):
            if not is_repository_id(folder.name):
                continue
            if not _is_namespace(folder):
                found.append(folder.name)
                continue
            names = [f"{folder.name}/{child.name}" for child in _subfolders(folder)]
            found += [name for name in names if is_repository_id(name)]
        return sorted(found)

    def folder(self, repository: str) -> Path:
        """The folder of `main` of a repository; RepositoryNotFoundError if there is none."""
        folder = self.root / repository
        if not is_repository_id(repository) or not self._is_there(folder, self._is_repository):
            raise RepositoryNotFoundError(f"{repository}: there is no such repository")
        return folder

    def resolve(self, repository: str, revision: str, *, fresh: bool = True) -> Snapshot:
        """A repository at a branch, tag or commit.

        With `fresh=False` a known commit is not checked again, as readers of its files compare
        their stamps. Raises RepositoryNotFoundError or RevisionNotFoundError.
        """
        if COMMIT.fullmatch(revision):
            return self._find_commit(repository, self.folder(repository), revision, fresh)
        folder = self.revision_folder(repository, revision)
        return Snapshot(repository, folder, self.read(folder))

    def revision_folder(self, repository: str, revision: str) -> Path:
        """The folder of a branch or tag. Raises as `resolve` does."""
        main = self.folder(repository)
        if revision == MAIN:
            return main
        folder = self._folder_of(repository, revision)
        if not self._is_there(folder, _is_folder):
            raise RevisionNotFoundError(f"{repository}: has no revision {revision!r}")
        return folder

    def make_revision_folder(self, repository: str, revision: str) -> Path:
        """The folder of a branch or tag, created empty if there is none."""
        for each in (MAIN, revision):
            if not self._is_there(folder := self._folder_of(repository, each), _is_folder):
                folder.mkdir(parents=True, exist_ok=True)
        return self.revision_folder(repository, revision)

    def refs(self, repository: str) -> dict[str, str]:
        """The revisions of a repository and their commits."""
        main = self.folder(repository)
        names = {MAIN: main}
        for folder in _branches(main):
            names[unquote(folder.name.partition("@")[2])] = folder
        return {name: self.read(folder).commit for name, folder in names.items()}

    def read(self, folder: Path, *, max_age: float = _FRESH) -> Tree:
        """The tree of a folder, cached for at most `max_age` seconds."""
        known = self._known(folder)
        with known.lock:
            if known.tree is None or time.monotonic() - known.read >= max_age:
                try:
                    tree = read_tree(folder, self.root, self.hashes)
                    known.tree = replace(tree, known_as=self.commits.commit(tree.id))
                except FileNotFoundError:
                    raise RevisionNotFoundError(f"{folder.name}: was removed") from None
                known.read = time.monotonic()
                self.hashes.save()
            return known.tree

    def read_all(self) -> Iterator[Snapshot]:
        """Read every repository, so that no request waits for hashing."""
        for repository in self.repositories():
            for revision in self.refs(repository):
                yield self.resolve(repository, revision)
        self.hashes.save(forget_unused=True)

    def history(self, repository: str) -> Path:
        """The folder of the earlier commits of `main`."""
        return self.private / "history" / repository

    def forget(self, folder: Path) -> None:
        """Drop the cached tree of a folder."""
        with self.replace(folder):
            pass

    @contextmanager
    def replace(self, folder: Path) -> Iterator[None]:
        """Block readers of a folder, and drop its cached tree afterwards."""
        known = self._known(folder)
        with known.lock:
            try:
                yield
            finally:
                known.tree = None

    def _folder_of(self, repository: str, revision: str) -> Path:
        suffix = "" if revision == MAIN else f"@{quote(revision, safe='')}"
        return self.root / f"{repository}{suffix}"

    def _known(self, folder: Path) -> _Folder:
        with self._lock:
            return self._folders.setdefault(folder, _Folder(threading.RLock()))

    def _find_commit(self, repository: str, main: Path, commit: str, fresh: bool) -> Snapshot:
        wanted = self.commits.tree(commit)
        past = self.history(repository) / wanted
        folders = [main, *_branches(main), past]
        for folder in folders if not fresh else ():
            known = self._known(folder).tree
            if known is not None and known.id == wanted:
                return Snapshot(repository, folder, replace(known, known_as=commit))
        for folder in folders:
            if folder.is_dir() and (tree := self.read(folder)).id == wanted:
                return Snapshot(repository, folder, replace(tree, known_as=commit))
        raise RevisionNotFoundError(f"{repository}: has no commit {commit}, or no longer")

    def replace_by(self, staged: Path, folder: Path, past: Path) -> None:
        """Replace a folder by a staged one; the old one is moved to `past`. Under `replace` only.

        Between the two renames there is no folder: readers wait, and after a crash the next reader
        finishes the replacement.
        """
        successor = self._successor(folder)
        successor.parent.mkdir(parents=True, exist_ok=True)
        past.parent.mkdir(parents=True, exist_ok=True)
        with self._moving:
            if successor.exists():  # left by a killed server
                successor.rename(staged.with_name("abandoned"))
            staged.rename(successor)
            folder.rename(past)
            successor.rename(folder)

    def _successor(self, folder: Path) -> Path:
        return self.private / "next" / folder.relative_to(self.root)

    def _is_there(self, folder: Path, is_kind: Callable[[Path], bool]) -> bool:
        """True if a folder exists and is valid; an interrupted replacement is finished first."""
        if is_kind(folder):
            return True
        with self._moving:
            successor = self._successor(folder)
            if not folder.exists() and successor.is_dir():
                successor.rename(folder)
            return is_kind(folder)

    def _is_repository(self, folder: Path) -> bool:
        if not _is_folder(folder):
            return False
        if folder.parent == self.root:
            return not _is_namespace(folder)
        return _is_folder(folder.parent) and _is_namespace(folder.parent)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _branches(main: Path) -> list[Path]:
    start = f"{main.name}@"
    return [folder for folder in _subfolders(main.parent) if folder.name.startswith(start)]


def _subfolders(folder: Path) -> list[Path]:
    """The visible folders directly below, without links."""
    with os.scandir(folder) as items:
        found = [Path(item) for item in items if item.is_dir(follow_symlinks=False)]
    return sorted(path for path in found if is_visible(path.name))


def _is_namespace(folder: Path) -> bool:
    """True if a folder contains only folders: it is not a repository but contains some."""
    try:
        with os.scandir(folder) as items:
            kinds = [item.is_dir(follow_symlinks=False) for item in items if is_visible(item.name)]
    except (FileNotFoundError, NotADirectoryError):
        return False
    return bool(kinds) and all(kinds)
