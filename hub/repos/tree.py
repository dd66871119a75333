"""The files of a repository at a commit, with the sizes and hashes that the server gives.

All of it is validated before use: paths become paths on this disk, hashes become names of blobs.
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

MAX_SIZE = 1 << 44  # bytes, 16 TiB: a file that claims more is a mistake or an attack
MAX_FILES = 1_000_000
_MAX_PART = 255  # bytes that file systems allow in a name
_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RepoFile:
    """A file of a repository.

    `sha256` is the hash of its bytes if it is kept as a large file (LFS); of a regular file the
    server knows git's name alone: `git`, the SHA-1 of its bytes behind a header. `xet` names it in
    the Xet storage, if it is kept there.
    """

    path: str
    size: int
    git: str | None
    sha256: str | None = None
    xet: str | None = None

    @property
    def etag(self) -> str:
        """The hash that its bytes must have, which names its blob: `sha256` if there is one."""
        etag = self.sha256 or self.git
        assert etag is not None
        return etag

    def expected(self, pin: str | None) -> Expected:
        """The size and hash that received bytes are checked against."""
        return Expected(self.size, self.sha256 or pin, None if self.sha256 else self.git)

    def to_json(self) -> dict[str, object]:
        """As the library writes it into its listings of trees."""
        fields: dict[str, object] = {"size": self.size, "blob_id": self.git}
        if self.sha256 is not None:
            fields |= {"lfs_sha256": self.sha256, "lfs_size": self.size}
        if self.xet is not None:
            fields["xet_hash"] = self.xet
        return fields

    @classmethod
    def from_json(cls, path: str, fields: Mapping[str, Any]) -> RepoFile:
        """Raises KeyError, TypeError or ValueError if these are no fields of a file."""
        sha256 = fields.get("lfs_sha256")
        size = fields["size"] if sha256 is None else fields["lfs_size"]
        return cls(path, size, fields["blob_id"], sha256, fields.get("xet_hash"))


def check_files(where: str, files: Iterable[RepoFile]) -> dict[str, RepoFile]:
    """The files by path, each of them sound; FetchError if the server names one that is not.

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
    """CacheError if two of these paths would be one file on the disk of a folder.

    Names that differ in case alone are two files on most systems, and one on others.
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
    """The file if its path, size and hashes can be those of one; FetchError if not."""
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
    """The path if it stays in its folder on every system; RefError if not."""
    check_text(path)
    check_member(where, path.replace("#", "_"))  # what a reference takes for a pin may be a name
    if any(len(part.encode()) > _MAX_PART for part in path.split("/")):
        raise RefError(f"{where}: a part of the path {path:.80}... is longer than a name may be")
    return path


def file_of_etag(
    where: str, path: str, size: int | None, etag: str | None, xet: str | None = None
) -> RepoFile:
    """The file that an answer's headers describe; FetchError if they describe none."""
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
    """True if this is a SHA-256 or a SHA-1, which name blobs."""
    return bool(_SHA1.fullmatch(text) or _SHA256.fullmatch(text))


def _parents(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))
