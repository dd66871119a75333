"""Loading of a reference from its source: the common path of all loads."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hub.caches import cache_of, not_cached
from hub.errors import RefError
from hub.file_info import LocalFile
from hub.refs import Ref
from hub.repos import repo_id

if TYPE_CHECKING:
    from hub.repos.repository import Repository


def load(ref: Ref, *, offline: bool | None = None, progress: bool | None = None) -> Path:
    """The verified file of a reference, fetched if needed."""
    offline = is_offline() if offline is None else offline
    return cache_of(ref).load(ref, offline=offline, progress=progress)


def find(ref: Ref) -> LocalFile:
    """The verified file of a reference on this machine; NotFoundError if there is none."""
    found = cache_of(ref).find(ref)
    if found is None:
        raise not_cached(ref)
    return found


def repository(ref: Ref, revision: str | None, offline: bool | None) -> Repository:
    """The repository of a reference, at a revision; RefError if it names a file."""
    from hub.repos.repository import Repository  # imports huggingface_hub, which is slow

    name = repo_id.of(ref)
    if name is None:
        raise RefError(f"{ref}: is no repository, like 'hf:org/name': `hub download` fetches files")
    if name.path is not None:
        raise RefError(f"{ref}: is a file, not a repository: `hub download` fetches it")
    if revision is not None:
        if name.revision not in (repo_id.DEFAULT_REVISION, revision):
            raise RefError(f"{ref}: is at another revision than the argument {revision!r}")
        name = replace(name, revision=repo_id.check_revision(str(ref), revision))
    return Repository(name, offline=is_offline() if offline is None else offline)


def is_offline() -> bool:
    """True if the environment variable BESTIARY_OFFLINE switches fetching off."""
    return os.environ.get("BESTIARY_OFFLINE", "").lower() not in ("", "0", "false", "no", "off")
