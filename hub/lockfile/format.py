"""The format of lock files: readable TOML, deterministic for equal contents.

    version = 1

    [[load]]
    ref = "hf:org/name"
    commit = "b2c3...40 digits"
    include = ["*.json"]
    files = [
      { path = "config.json", size = 512, sha256 = "64 digits" },
    ]

    [[load]]
    ref = "https://example.org/weights.pth"
    size = 18826032
    sha256 = "64 digits"

A `load` with files is a repository at a commit, one without is a single file. Entries are sorted
by reference, files by path.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.disk import atomic_write
from hub.errors import HubError, LockError
from hub.file_info import FileInfo
from hub.refs import Ref, check_sha256
from hub.repos import repo_id
from hub.repos.repo_id import COMMIT, RepoRef
from hub.repos.tree import MAX_SIZE, check_path
from hub.sources import parse

if TYPE_CHECKING:
    from hub.repos.repository import Repository

VERSION = 1
_MAX_FILE = 256 << 20  # bytes
_HEAD = """\
# Files of a program and their hashes: written by `hub lock`, fetched by `hub sync`.
version = 1
"""


@dataclass(frozen=True)
class Entry:
    """A reference with its locked file or files.

    A repository has `files` by path, selected by the patterns; any other reference has `file`.
    """

    ref: str
    commit: str | None = None
    file: FileInfo | None = None
    archive_sha256: str | None = None
    files: Mapping[str, FileInfo] = field(default_factory=dict)
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None

    @property
    def name(self) -> RepoRef | None:
        """The repository of the reference, or the file in one; None for other sources."""
        return repo_id.of(Ref(self.ref))

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return self.file.size if self.file else sum(file.size for file in self.files.values())

    def pinned(self) -> Ref:
        """The reference to a single file, pinned to its bytes."""
        assert self.file is not None
        name = self.name
        if name and self.commit:
            name = replace(name, revision=self.commit)
        identity = str(name) if name else self.ref
        return Ref(identity, self.file.sha256, self.archive_sha256)


@dataclass(frozen=True)
class LockFile:
    """The entries of a lock file, which `path` names in errors."""

    path: Path
    entries: tuple[Entry, ...]

    def bind(self, ref: Ref) -> Ref:
        """The reference, pinned to the locked bytes; LockError if it is not listed."""
        bound = self._single(ref) or self._in_repository(ref)
        if bound is None:
            raise LockError(
                f"{ref}: {self.path} does not list it, and nothing else may be loaded under it: "
                "add it with `hub lock`"
            )
        return bound.pinned(ref.sha256)

    def bind_repository(self, repository: Repository) -> Repository:
        """The repository at its locked commit and with its locked files only."""
        from hub.repos.repository import Locked

        name = repository.name
        for entry in self.entries:
            if entry.files and _covers(entry, name):
                at = replace(name, revision=entry.commit or name.revision)
                return repository.locked(at, Locked(self.path, entry.files))
        raise LockError(
            f"{name}: {self.path} does not list it, and nothing else may be loaded under it: "
            "add it with `hub lock`"
        )

    def _single(self, ref: Ref) -> Ref | None:
        for entry in self.entries:
            if entry.file and ref.identity in (entry.ref, entry.pinned().identity):
                return entry.pinned()
        return None

    def _in_repository(self, ref: Ref) -> Ref | None:
        name = repo_id.of(ref)
        if name is None:
            return None
        for entry in self.entries:
            file = entry.files.get(name.path or "")
            if file and _covers(entry, name):
                at = replace(name, revision=entry.commit or name.revision)
                return Ref(str(at), file.sha256)
        return None

    def write(self) -> None:
        """Write the lock file atomically."""
        with atomic_write(self.path) as file:
            file.write(to_toml(self.entries).encode())


def read(path: Path) -> LockFile:
    """Read a lock file; LockError describes any fault."""
    import tomllib

    try:
        if path.stat().st_size > _MAX_FILE:
            raise LockError(f"{path}: is larger than a lock file can be")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        version = document["version"]
        if version != VERSION:
            raise LockError(f"{path}: is a lock file of version {version!r}, known is {VERSION}")
        entries = tuple(_entry(path, fields) for fields in document.get("load", []))
    except FileNotFoundError:
        raise LockError(f"{path}: there is no such lock file: `hub lock` writes one") from None
    except LockError:
        raise
    except (HubError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise LockError(f"{path}: is no lock file: {reason}") from None
    return LockFile(path, entries)


def to_toml(entries: Iterable[Entry]) -> str:
    """The text of a lock file."""
    parts = [_HEAD]
    for entry in sorted(entries, key=lambda entry: entry.ref):
        lines = ["[[load]]", f"ref = {_quoted(entry.ref)}"]
        if entry.commit:
            lines.append(f"commit = {_quoted(entry.commit)}")
        for name, patterns in (("include", entry.include), ("exclude", entry.exclude)):
            if patterns:
                lines.append(f"{name} = [{', '.join(map(_quoted, patterns))}]")
        if entry.file:
            lines += [f"size = {entry.file.size}", f"sha256 = {_quoted(entry.file.sha256)}"]
        if entry.archive_sha256:
            lines.append(f"archive-sha256 = {_quoted(entry.archive_sha256)}")
        if entry.files:
            lines += ["files = [", *map(_row, sorted(entry.files.items())), "]"]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _row(item: tuple[str, FileInfo]) -> str:
    path, file = item
    return f"  {{ path = {_quoted(path)}, size = {file.size}, sha256 = {_quoted(file.sha256)} }},"


def _quoted(text: str) -> str:
    """A basic string of TOML, with JSON's escapes; only DEL is allowed in JSON but not in TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _entry(path: Path, fields: dict[str, Any]) -> Entry:
    ref, commit = fields["ref"], fields.get("commit")
    if str(parse(ref)) != ref:
        raise ValueError(f"the reference {ref!r} is not spelled {str(parse(ref))!r}")
    if commit is not None and not COMMIT.fullmatch(commit):
        raise ValueError(f"the commit {commit!r} is not 40 hexadecimal digits")
    archive = fields.get("archive-sha256")
    files = {check_path(ref, file["path"]): _file(ref, file) for file in fields.get("files", [])}
    if len(files) != len(fields.get("files", [])):
        raise ValueError(f"{ref}: names a file twice")
    if bool(files) == ("sha256" in fields):
        raise ValueError(f"{ref}: needs files, or a sha256, and not both")
    return Entry(
        ref,
        commit,
        _file(ref, fields) if "sha256" in fields else None,
        check_sha256(ref, archive) if archive is not None else None,
        files,
        _patterns(fields, "include"),
        _patterns(fields, "exclude"),
    )


def _patterns(fields: dict[str, Any], name: str) -> tuple[str, ...] | None:
    patterns = fields.get(name)
    if patterns is None:
        return None
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise TypeError(f"{name} is not a list of patterns")
    return tuple(patterns)


def _file(ref: str, fields: dict[str, Any]) -> FileInfo:
    size = fields["size"]
    if type(size) is not int or not 0 <= size <= MAX_SIZE:
        raise ValueError(f"{ref}: the size {size!r:.40} is none")
    return FileInfo(size, check_sha256(ref, fields["sha256"]))


def _covers(entry: Entry, name: RepoRef) -> bool:
    """True if a name means the repository of an entry, at its locked revision."""
    locked = entry.name
    if locked is None or locked.repo != name.repo:
        return False
    return name.revision in (locked.revision, entry.commit)
