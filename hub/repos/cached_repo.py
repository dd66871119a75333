"""Lookup of cached files of a repository, verified when they are read."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

from hub.disk import Stamp, feed, hash_file
from hub.errors import CacheError, IntegrityError
from hub.file_info import LocalFile
from hub.repos.layout import RepoFolder
from hub.repos.repo_id import Repo
from hub.repos.tree import is_etag
from hub.repos.validation import validate
from hub.repos.verified_files import VerifiedFiles
from hub.transfer.digests import git_sha1

_ADVICE = (
    "another program wrote or changed it, or the disk is damaged; "
    "`hub download` fetches it again, `hub rm` removes it"
)


class CachedRepo:
    """The cached files of one repository. Call `save` when done."""

    def __init__(self, repo: Repo, root: Path | None = None) -> None:
        self.repo = repo
        self.folder = RepoFolder(repo, root)
        self.verified = VerifiedFiles(self.folder)
        self.save = self.verified.save
        self.tree = functools.cache(self.folder.tree)

    def find(self, where: str, commit: str, path: str) -> LocalFile | None:
        """A file of a commit, None if it is not cached.

        It is hashed if its stamp has changed since it was last verified. IntegrityError if its
        bytes are not those of the repository; FormatError if they are, but the file is invalid.
        """
        pointer = self.folder.pointer(commit, path)
        target = self.target(pointer)
        try:
            size = target.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        etag = self.etag(where, commit, path, target)
        sha256 = self.verified.sha256(target, etag)
        if sha256 is None:
            sha256 = self.check(where, path, target, etag)
        return LocalFile(size, sha256, path=pointer)

    def check(self, where: str, path: str, target: Path, etag: str) -> str:
        """Hash a file, compare it with the repository's hash, and record it as verified.

        Returns its SHA-256; the errors are those of `find`.
        """
        stamp = Stamp.of(target)
        sha256, got = hash_blob(target, etag)
        if etag and got != etag:
            raise IntegrityError(
                where,
                expected=etag,
                got=got,
                source=f"the cached {target}",
                advice=_ADVICE,
                digest=digest_name(etag),
            )
        validate(where, path, target)
        self.verified.add(target, stamp, sha256, etag)
        return sha256

    def files(self, commit: str) -> list[str]:
        """The paths of the cached files of a commit."""
        snapshot = self.folder.snapshot(commit)
        found = []
        for folder, _, names in os.walk(snapshot):
            found += [Path(folder, name).relative_to(snapshot).as_posix() for name in names]
        return sorted(found)

    def target(self, pointer: Path) -> Path:
        """The target of a snapshot's link, which may itself be a link; else the pointer."""
        try:
            target = Path(os.path.normpath(pointer.parent / os.readlink(pointer)))
        except OSError:
            return pointer
        return target if target.parent == self.folder.blobs else pointer

    def etag(self, where: str, commit: str, path: str, target: Path) -> str:
        """The expected hash of the bytes; "" if unknown."""
        tree = self.tree(commit)
        if tree is not None:
            if path not in tree:
                raise CacheError(
                    f"{where}: {self.folder.pointer(commit, path)} is there and the commit has no "
                    "such file: delete it"
                )
            return tree[path].etag
        is_blob = target.parent == self.folder.blobs and is_etag(target.name)
        return target.name if is_blob else ""


def digest_name(etag: str) -> str:
    """The kind of the hash that names a blob, for an error."""
    return "git SHA-1" if len(etag) == 40 else "SHA-256"


def hash_blob(path: Path, etag: str) -> tuple[str, str]:
    """The SHA-256 of a file, and its hash of the kind of `etag`: the same, or git's SHA-1."""
    if len(etag) != 40:
        sha256 = hash_file(path)
        return sha256, sha256
    with path.open("rb", buffering=0) as file:
        both = hashlib.sha256(), git_sha1(os.fstat(file.fileno()).st_size)
        feed(file, *both)
    return both[0].hexdigest(), both[1].hexdigest()
