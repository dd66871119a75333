"""Commits of mirrored repositories on the server they were mirrored from."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from pathlib import Path

from hub.disk import atomic_write

_ID = re.compile(r"[0-9a-f]{40}")


class KnownCommits:
    """The trees of commits, in a JSON file that other processes may write to.

    A tree that is not known stands for itself: its id is its commit. As the names are bound to the
    content, a repository that is changed after it was mirrored loses them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._version = -1
        self._trees: dict[str, str] = {}

    def tree(self, commit: str) -> str:
        """The id of the tree that a commit stands for."""
        with self._lock:
            self._refresh()
            return self._trees.get(commit, commit)

    def commit(self, tree: str) -> str:
        """The commit that stands for a tree, the one that was added last."""
        with self._lock:
            self._refresh()
            return next((c for c, t in reversed(self._trees.items()) if t == tree), tree)

    def add(self, commit: str, tree: str) -> None:
        """Remember a commit."""
        with self._lock:
            self._refresh()
            if self._trees.get(commit) == tree or commit == tree:
                return
            self._trees[commit] = tree
            self._path.parent.mkdir(exist_ok=True)
            with atomic_write(self._path) as file:
                file.write(json.dumps(self._trees, indent=0).encode())

    def _refresh(self) -> None:
        version = 0
        with contextlib.suppress(OSError):
            version = os.stat(self._path).st_mtime_ns
        if version != self._version:
            self._version = version
            self._trees = _load(self._path)


def _load(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_bytes()).items()
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    return {
        commit: tree
        for commit, tree in found
        if isinstance(tree, str) and _ID.fullmatch(commit) and _ID.fullmatch(tree)
    }
