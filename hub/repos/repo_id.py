"""Names of repositories: `hf:[datasets/|spaces/][ORG/]NAME[@REVISION][/PATH]`.

A revision is a branch, a tag, `refs/pr/NUMBER` or a commit; a slash in another one is written %2F.
Without `@`, two parts are organisation and name: a file of a repository without organisation is
written with its revision, `hf:gpt2@main/config.json`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from hub.errors import RefError
from hub.refs import Ref, check_member, check_text

KIND = "hf"
DEFAULT_REVISION = "main"
COMMIT = re.compile(r"[0-9a-f]{40}")

_TYPES = {"datasets": "dataset", "models": "model", "spaces": "space"}
_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
# Pages of the hub whose addresses look like repositories without organisation.
_PAGES = frozenset(
    ("blog", "chat", "collections", "docs", "enterprise", "inference", "join", "learn", "login")
    + ("new", "organizations", "papers", "posts", "pricing", "search", "settings", "tasks", "users")
)
_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
# Part of the name of a branch or tag, as git allows it (git-check-ref-format).
_REVISION_PART = re.compile(
    r"(?!\.)(?!.*\.\.)(?!.*@\{)[^\s\\:?*\[~^\x00-\x20\x7f]+(?<!\.lock)(?<!\.)"
)
# Characters of a revision that are not escaped in a reference.
_PLAIN = "._-+=@!$&'(),;"


@dataclass(frozen=True)
class Repo:
    """A repository: its type (model, dataset or space) and its name, `org/name` or `name`."""

    type: str
    name: str

    @property
    def folder(self) -> str:
        """The name of its folder in the cache.

        >>> Repo("dataset", "org/name").folder
        'datasets--org--name'
        """
        return "--".join([f"{self.type}s", *self.name.split("/")])

    @classmethod
    def from_folder(cls, folder: str) -> Repo | None:
        """The repository of a folder in the cache, None if it is another kind of folder."""
        kind, *parts = folder.split("--")
        if kind not in _TYPES or not 1 <= len(parts) <= 2 or not all(map(_PART.fullmatch, parts)):
            return None
        return cls(_TYPES[kind], "/".join(parts))

    def __str__(self) -> str:
        return self.name if self.type == "model" else f"{self.type}s/{self.name}"


@dataclass(frozen=True)
class RepoRef:
    """A repository at a revision, or one file of it if `path` is not None.

    >>> parse("hf:datasets/org/name@v1/train.parquet")
    RepoRef(repo=Repo(type='dataset', name='org/name'), revision='v1', path='train.parquet')
    """

    repo: Repo
    revision: str = DEFAULT_REVISION
    path: str | None = None

    @property
    def commit(self) -> str | None:
        """The revision if it is a commit, whose files never change."""
        return self.revision if COMMIT.fullmatch(self.revision) else None

    def __str__(self) -> str:
        revision = self.revision if _is_special(self.revision) else quote(self.revision, _PLAIN)
        # Without it the first part of the path would be read as the name of the repository.
        needed = self.path is not None and "/" not in self.repo.name
        at = f"@{revision}" if needed or self.revision != DEFAULT_REVISION else ""
        path = "" if self.path is None else f"/{self.path}"
        return f"hf:{self.repo}{at}{path}"


def parse(text: str) -> RepoRef:
    """Parse an unpinned reference; RefError describes any fault."""
    parts = text.removeprefix("hf:").removeprefix("//").split("/")
    kind = _TYPES[parts.pop(0)] if parts[0] in _TYPES else "model"
    owner = [] if len(parts) < 2 or "@" in parts[0] else [parts.pop(0)]
    name, at, revision = parts.pop(0).partition("@") if parts else ("", "", "")
    repo = Repo(kind, "/".join([*owner, name]))
    _check_repo(text, repo)
    if not at:
        revision = DEFAULT_REVISION
    elif revision == "refs" and len(parts) >= 2:
        revision = "/".join([revision, parts.pop(0), parts.pop(0)])
    else:
        revision = unquote(revision)
    path = check_member(repr(text), "/".join(parts)) if parts else None
    return RepoRef(repo, check_revision(text, revision), path)


def from_page(text: str) -> RepoRef | None:
    """The repository or file of a page on the hub, or on HF_ENDPOINT; None for other URLs.

    URLs of the files themselves (`/resolve/`) are treated as of any web server. RefError for the
    page of a folder within a repository.

    >>> str(from_page("https://huggingface.co/org/name/blob/v1/config.json"))
    'hf:org/name@v1/config.json'
    """
    scheme, _, rest = text.rpartition("://")
    host, _, path = re.split("[?#]", rest)[0].partition("/")
    endpoint = os.environ.get("HF_ENDPOINT", "").rpartition("://")[2].rstrip("/")
    hosts = (*_HOSTS, *filter(None, [endpoint]))
    if scheme.lower() not in ("", "http", "https") or host.lower() not in hosts:
        return None
    parts = [unquote(part) for part in path.split("/") if part]
    kind = _TYPES[parts.pop(0)] if parts and parts[0] in _TYPES else "model"
    at = next((at for at in (1, 2) if parts[at : at + 1] in (["tree"], ["blob"])), len(parts))
    if at not in (1, 2) or parts[0] in _PAGES:
        return None
    repo, verb, revision = Repo(kind, "/".join(parts[:at])), parts[at : at + 1], parts[at + 1 :]
    _check_repo(text, repo)
    if not revision:
        return RepoRef(repo)
    name = RepoRef(repo, check_revision(text, revision[0]), "/".join(revision[1:]) or None)
    if verb == ["tree"] and name.path is not None:
        folder = replace(name, path=None)
        raise RefError(
            f"{text!r}: is the page of a folder: write '{folder}' with --include '{name.path}/'"
        )
    if name.path is not None:
        check_member(repr(text), name.path)
    return name


def of(ref: Ref) -> RepoRef | None:
    """The repository or file of a reference; None for other sources."""
    return parse(ref.identity) if ref.kind == KIND else None


def is_repository(ref: Ref) -> bool:
    """True if a reference means a repository and not a single file."""
    name = of(ref)
    return name is not None and name.path is None


def check_revision(ref: str, revision: str) -> str:
    """The revision, a commit in lower case; RefError if git would not allow such a name."""
    check_text(revision)
    if COMMIT.fullmatch(revision.lower()):
        return revision.lower()
    if not all(map(_REVISION_PART.fullmatch, revision.split("/"))) or revision.startswith("-"):
        raise RefError(f"{ref!r}: {revision!r} is not the name of a branch, a tag or a commit")
    return revision


def _check_repo(text: str, repo: Repo) -> None:
    for part in repo.name.split("/"):
        if not _PART.fullmatch(part) or "--" in part or ".." in part or part.endswith(".git"):
            raise RefError(
                f"{text!r}: is not like 'hf:ORGANISATION/NAME[@REVISION][/PATH]': "
                f"{part!r} is no name there"
            )


def _is_special(revision: str) -> bool:
    """True if its slashes need no escape in a reference."""
    return revision.startswith("refs/") and revision.count("/") == 2
