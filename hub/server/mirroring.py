"""Mirroring of repositories of a public hub into a served folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from hub.errors import IntegrityError, RefError
from hub.refs import Ref
from hub.repos import repo_id
from hub.repos.plan import Patterns
from hub.repos.repo_id import DEFAULT_REVISION, RepoRef
from hub.repos.repository import Repository
from hub.repos.tree import RepoFile
from hub.server.publishing import Publisher
from hub.server.store import MAIN, Store
from hub.server.tree import Tree, is_visible, make_entry, make_tree
from hub.sources import as_ref


@dataclass(frozen=True)
class Mirrored:
    """A mirrored repository: its origin, and its name and size on the server."""

    ref: str
    repository: str
    revision: str
    commit: str
    files: int
    size: int
    changed: bool


def mirror(
    ref: str | Ref,
    folder: str | os.PathLike[str],
    *,
    include: Patterns = None,
    exclude: Patterns = None,
    progress: bool | None = None,
) -> Mirrored:
    """Mirror a repository into a folder that `hub.server.Server` serves.

    A branch or tag keeps its name, a commit becomes `main`. A repository with all files of its
    commit has the same commit in the mirror, so that lock files are valid there. Files pass
    through the cache, which resumes an interrupted run, and are hashed again in the served
    folder; they are links to those of the cache if possible. The repository is replaced
    atomically. Hidden files other than .gitattributes are omitted. Raises RefError unless the
    reference is a model's, and the errors of `hub.snapshot`.
    """
    name = _model(ref)
    commit, files = Repository(name).choose(include, exclude)
    wanted = [file for file in files if all(map(is_visible, file.path.split("/")))]
    pinned = Repository(replace(name, revision=commit))
    snapshot = pinned.snapshot(include, exclude, progress=progress)
    store = Store(Path(folder))
    sources = {file.path: (snapshot / file.path).resolve() for file in wanted}
    _check(str(name), store, wanted, sources)
    revision = MAIN if name.commit or name.revision == DEFAULT_REVISION else name.revision
    base = _open(store, name.repo.name, revision)
    tree = make_tree({path: make_entry(path, file, store.hashes) for path, file in sources.items()})
    changed = tree.id != base.id
    if changed:
        publisher = Publisher(store)
        with publisher.workspace() as scratch:
            publisher.publish(name.repo.name, revision, base, sources, scratch)
    if include is None and exclude is None and len(wanted) == len(files):
        store.commits.add(commit, tree.id)
    store.hashes.save()
    size = sum(file.size for file in wanted)
    return Mirrored(
        str(name),
        name.repo.name,
        revision,
        store.commits.commit(tree.id),
        len(wanted),
        size,
        changed,
    )


def _model(ref: str | Ref) -> RepoRef:
    parsed = as_ref(ref)
    name = repo_id.of(parsed)
    if name is None or name.path is not None or name.repo.type != "model":
        raise RefError(
            f"{parsed}: only models are mirrored, like 'hf:org/name' or 'hf:org/name@v1'"
        )
    return name


def _check(ref: str, store: Store, files: Iterable[RepoFile], sources: dict[str, Path]) -> None:
    """Hash the files as the server does and compare with the repository's hashes."""
    for file in files:
        path = sources[file.path]
        entry = make_entry(file.path, path, store.hashes)
        got = store.hashes.sha256(path, entry.stamp)
        if file.sha256 is None:
            got = store.hashes.git(path, entry.stamp)
        expected = file.sha256 or str(file.git)
        if got != expected:
            raise IntegrityError(
                f"{ref}/{file.path}",
                expected=expected,
                got=got,
                source=str(path),
                advice="`hub verify` finds what is damaged in the cache",
            )


def _open(store: Store, repository: str, revision: str) -> Tree:
    """The currently served tree; an empty folder is created if there is none."""
    folder = store.make_revision_folder(repository, revision)
    return store.read(folder, max_age=0)
