"""Observation of a cache, like by another program, while others write it."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from pathlib import Path

from hub.disk import hash_file
from hub.hub_cache import HubCache
from hub.repos.cached_repo import hash_blob
from hub.repos.tree import is_etag
from tests.hub.fake_hub import FakeRepo, etag


class Observer(ABC):
    """Records faults visible at any moment."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self._seen: dict[Path, tuple[int, int, int]] = {}

    @abstractmethod
    def look(self) -> None: ...

    def _is_new(self, blob: Path) -> bool:
        """True if a blob is new; records a fault if it has changed."""
        status = blob.stat()
        state = (status.st_ino, status.st_mtime_ns, status.st_size)
        before = self._seen.get(blob)
        self._seen[blob] = state
        if before not in (None, state):
            self.wrong.append(f"blob {blob.name} was written again")
        return before is None


def target(path: Path) -> Path:
    """The target of a link, or the file itself. Parent folders may be links of the system."""
    return Path(os.path.normpath(path.parent / os.readlink(path))) if path.is_symlink() else path


class FileObserver(Observer):
    """Checks blobs by their SHA-256, and the files of records."""

    def __init__(self, root: Path, allowed: set[str]) -> None:
        super().__init__()
        self._cache = HubCache(root)
        self._blobs = root / "blobs"
        self._allowed = allowed
        self._known: set[str] = set()

    def look(self) -> None:
        for blob in self._blobs.glob("*"):
            if self._is_new(blob):
                self._expect(hash_file(blob), blob.name, f"blob {blob.name}")
        for record in self._cache.records():
            if record.ref not in self._known:
                self._known.add(record.ref)
                got = hash_file(self._cache.path(record))
                self._expect(got, record.sha256, f"file {record.filename}")

    def _expect(self, got: str, expected: str, what: str) -> None:
        if got != expected or got not in self._allowed:
            self.wrong.append(f"{what} is wrong: it has the hash {got}")


class RepoObserver(Observer):
    """Checks a repository in the cache: blobs by their names, then links and refs."""

    def __init__(self, folder: Path, repo: FakeRepo) -> None:
        super().__init__()
        self._folder = folder
        self._repo = repo

    def look(self) -> None:
        for blob in self._folder.glob("blobs/*"):
            if is_etag(blob.name) and self._is_new(blob):
                _, got = hash_blob(blob, blob.name)
                if got != blob.name:
                    self.wrong.append(f"blob {blob.name} has the hash {got}")
        for snapshot in self._folder.glob("snapshots/*"):
            files = self._repo.commits.get(snapshot.name, {})
            for path in snapshot.rglob("*"):
                if not path.is_dir():
                    self._look_at(path, files.get(path.relative_to(snapshot).as_posix()))
        for ref in self._folder.glob("refs/*"):
            self._look_at_ref(ref)
        for tree in self._folder.glob("trees/*.json"):
            listed = json.loads(tree.read_bytes())["files"]
            if listed.keys() != self._repo.commits[tree.stem].keys():
                self.wrong.append(f"the listing {tree.name} is of other files")

    def _look_at(self, path: Path, content: bytes | None) -> None:
        if content is None:
            self.wrong.append(f"{path} is no file of the repository")
        elif target(path).name != etag(path.name, content):
            self.wrong.append(f"{path} shows {target(path)}")
        elif target(path) not in self._seen and path.read_bytes() != content:
            self.wrong.append(f"{path} has other bytes")

    def _look_at_ref(self, ref: Path) -> None:
        commit = ref.read_text(encoding="utf-8")
        files = self._repo.commits.get(commit)
        if files is None:
            self.wrong.append(f"{ref.name} stands for {commit!r}")
            return
        snapshot = self._folder / "snapshots" / commit
        missing = [path for path in files if not (snapshot / path).exists()]
        if missing:
            self.wrong.append(f"{ref.name} stands for {commit}, which lacks {missing}")
