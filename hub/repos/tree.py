"""The files of a repository at a commit, with their sizes and hashes from the server.

Everything is validated, as paths become paths on this disk and hashes become names of blobs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.disk import ignores_case, nearest_existing
from hub.errors import CacheError, FetchError, RefError
from hub.file_info import Expected
from hub.refs import check_member, check_text

MAX_SIZE = 1 << 44  # bytes, 16 TiB: a larger size is a mistake or an attack
MAX_FILES = 1_000_000
_MAX_PART = 255  # bytes of a name in common file systems
_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RepoFile:
    """A file of a repository.

    `sha256` is the hash of a large file (LFS); a regular file has only `git`, git's blob id: the
    SHA-1 of a header and the bytes. `xet` is its name in the Xet storage, if it is stored there.
    """

    path: str
    size: int
    git: str | None
    sha256: str | None = None
    xet: str | None = None

    @property
    def etag(self) -> str:
        """The expected hash of its bytes, which names its blob: `sha256` if there is one."""
        etag = self.sha256 or self.git
        assert etag is not None
        return etag

    def expected(self, pin: str | None) -> Expected:
        """The size and hash that received bytes are checked against."""
        return Expected(self.size, self.sha256 or pin, None if self.sha256 else self.git)

    def to_json(self) -> dict[str, object]:
        """The entry in the library's format of listings."""
        fields: dict[str, object] = {"size": self.size, "blob_id": self.git}
        if self.sha256 is not None:
            fields |= {"lfs_sha256": self.sha256, "lfs_size": self.size}
        if self.xet is not None:
            fields["xet_hash"] = self.xet
        return fields

    @classmethod
    def from_json(cls, path: str, fields: Mapping[str, Any]) -> RepoFile:
        """Parse an entry; KeyError, TypeError or ValueError if it is malformed."""
        sha256 = fields.get("lfs_sha256")
        size = fields["size"] if sha256 is None else fields["lfs_size"]
        return cls(path, size, fields["blob_id"], sha256, fields.get("xet_hash"))


def check_files(where: str, files: Iterable[RepoFile]) -> dict[str, RepoFile]:
    """The validated files by path; FetchError if one is invalid.

    >>> check_files("hf:a/b", [RepoFile("../x", 1, "0" * 40)])
    Traceback (most recent call last):
        ...
    hub.errors.FetchError: hf:a/b: the server names a file '../x' that cannot be one: ...
    """
    found: dict[str, RepoFile] = {}
    for file in files:
        check_file(where, file)
        if file.path in found:
            raise FetchError(f"{where}: the server names {file.path!r} twice")
        found[file.path] = file
        if len(found) > MAX_FILES:
            raise FetchError(f"{where}: the server names more than {MAX_FILES} files")
    for path in found:
        for parent in _parents(path):
            if parent in found:
                raise FetchError(f"{where}: the server names {parent!r} as a file and as a folder")
    return found


def check_case(where: str, paths: Iterable[str], folder: Path) -> None:
    """Raise CacheError if two of these paths are one file on the disk of a folder.

    Names that differ only in case are one file on some systems.
    """
    folded: dict[str, str] = {}
    for path in paths:
        for taken in (path, *_parents(path)):
            twin = folded.setdefault(taken.casefold(), taken)
            if twin != taken and ignores_case(nearest_existing(folder)):
                raise CacheError(
                    f"{where}: {twin!r} and {taken!r} are one name on the disk of {folder}, where "
                    "case does not count: leave one of them out (--exclude), or use another disk"
                )


def check_file(where: str, file: RepoFile) -> RepoFile:
    """The file if path, size and hashes are valid; FetchError otherwise."""
    try:
        check_path(where, file.path)
    except (RefError, TypeError) as error:
        reason = f"cannot be one: {str(error).removeprefix(f'{where}: ')}"
        raise FetchError(f"{where}: the server names a file {file.path!r} that {reason}") from None
    if not isinstance(file.size, int) or not 0 <= file.size <= MAX_SIZE:
        raise FetchError(f"{where}: the server gives {file.path!r} a size of {file.size!r:.40}")
    for name, value, shape in (
        ("git SHA-1", file.git, _SHA1),
        ("SHA-256", file.sha256, _SHA256),
        ("Xet hash", file.xet, _SHA256),
    ):
        if value is not None and not (isinstance(value, str) and shape.fullmatch(value)):
            raise FetchError(f"{where}: the server gives {file.path!r} the {name} {value!r:.80}")
    if file.git is None and file.sha256 is None:
        raise FetchError(f"{where}: the server gives {file.path!r} no hash to check it by")
    return file


def check_path(where: str, path: str) -> str:
    """The path if it cannot escape its folder on any system; RefError otherwise."""
    check_text(path)
    check_member(where, path.replace("#", "_"))  # '#' starts a pin only in references
    if any(len(part.encode()) > _MAX_PART for part in path.split("/")):
        raise RefError(f"{where}: a part of the path {path:.80}... is longer than a name may be")
    return path


def file_of_etag(
    where: str, path: str, size: int | None, etag: str | None, xet: str | None = None
) -> RepoFile:
    """The file described by a response's headers; FetchError if they are malformed."""
    known = etag or ""
    if size is None or not is_etag(known):
        raise FetchError(
            f"{where}: the server answers with the etag {etag!r:.80} and the size {size}, expected "
            "a hash of 40 or 64 hexadecimal digits to check the file by: is it a repository server?"
        )
    large = len(known) == 64
    file = RepoFile(path, size, None if large else known, known if large else None, xet)
    return check_file(where, file)


def is_etag(text: str) -> bool:
    """True for a SHA-256 or a SHA-1, which name blobs."""
    return bool(_SHA1.fullmatch(text) or _SHA256.fullmatch(text))


def _parents(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))
