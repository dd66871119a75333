"""Manifest entries of repositories in archives (`hub.maintenance.archive`)."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.caches import Item
from hub.errors import CacheError, IntegrityError
from hub.refs import check_sha256
from hub.repos import repo_id
from hub.repos.cached_repo import CachedRepo, hash_blob
from hub.repos.repo_id import COMMIT, Repo
from hub.repos.tree import RepoFile, check_case, check_files
from hub.repos.validation import validate


def pack(item: Item, blobs: dict[str, Path]) -> dict[str, object]:
    """Describe a cached commit for a manifest, and add its files to `blobs`."""
    name = repo_id.parse(item.ref)
    assert item.commit is not None
    cached = CachedRepo(name.repo)
    tree = cached.tree(item.commit)
    files: dict[str, object] = {}
    for path in cached.files(item.commit):
        file = cached.find(f"{item.ref}: {path}", item.commit, path)
        if file is None:
            raise CacheError(f"{item.ref}: {path} is missing; `hub download` fetches it again")
        target = cached.target(file.path)
        etag = tree[path].etag if tree else target.name if target != file.path else file.sha256
        blobs[file.sha256] = file.path
        files[path] = {"size": file.size, "sha256": file.sha256, "etag": etag}
    cached.save()
    return {
        "ref": item.ref,
        "commit": item.commit,
        "revisions": cached.folder.revisions(item.commit),
        "files": files,
        "tree": tree and {path: entry.to_json() for path, entry in sorted(tree.items())},
    }


@dataclass(frozen=True)
class PackedSnapshot:
    """A repository at a commit, with its cached files."""

    ref: str
    repo: Repo
    commit: str
    revisions: tuple[str, ...]
    files: Mapping[str, tuple[str, RepoFile]]  # SHA-256 and the repository's entry, by path
    tree: Mapping[str, RepoFile] | None

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> PackedSnapshot:
        ref, commit = fields["ref"], fields["commit"]
        name = repo_id.parse(ref)
        if name.path is not None or not COMMIT.fullmatch(commit):
            raise ValueError(f"{ref!r} at {commit!r} is no repository at a commit")
        files = {}
        for path, file in fields["files"].items():
            large = len(file["etag"]) == 64
            etag = file["etag"]
            known = RepoFile(path, file["size"], None if large else etag, etag if large else None)
            files[path] = check_sha256(ref, file["sha256"]), known
        check_files(ref, [file for _, file in files.values()])
        tree = fields["tree"]
        if tree is not None:
            listed = [RepoFile.from_json(path, file) for path, file in tree.items()]
            tree = check_files(ref, listed)
            for path, (_, file) in files.items():
                if path not in tree or tree[path].etag != file.etag:
                    raise ValueError(f"{ref}: {path!r} is not as the listing of the commit has it")
        revisions = tuple(repo_id.check_revision(ref, text) for text in fields["revisions"])
        return cls(ref, name.repo, commit, revisions, files, tree)

    def blobs(self) -> dict[str, int]:
        return {sha256: file.size for sha256, file in self.files.values()}

    def check(self, staged: Mapping[str, Path]) -> None:
        cached = CachedRepo(self.repo)
        check_case(self.ref, self.files, cached.folder.root)
        for path, (sha256, file) in self.files.items():
            where = f"{self.ref}: {path}"
            cached.find(where, self.commit, path)  # raises if the cached file is damaged
            # Its SHA-256 was verified when it was staged, but not git's hash.
            got = sha256 if file.sha256 else hash_blob(staged[sha256], file.etag)[1]
            if got != file.etag:
                raise IntegrityError(
                    where,
                    expected=file.etag,
                    got=got,
                    source="the archive",
                    advice="its manifest is wrong; make the archive again",
                )
            validate(where, path, staged[sha256])

    def publish(self, staged: Mapping[str, Path]) -> None:
        cached = CachedRepo(self.repo)
        folder = cached.folder
        if self.tree is not None and folder.tree(self.commit) is None:
            folder.write_tree(self.commit, self.tree.values())
        for path, (sha256, file) in self.files.items():
            with folder.lock(file.etag):
                if cached.find(f"{self.ref}: {path}", self.commit, path) is None:
                    folder.blobs.mkdir(parents=True, exist_ok=True)
                    received = folder.blob(f"{file.etag}.bestiary.incomplete")
                    shutil.copyfile(staged[sha256], received)
                    folder.publish(received, self.commit, file)
        for revision in self.revisions:
            if folder.commit(revision) is None:  # a ref from a server may be newer
                folder.write_ref(revision, self.commit)
