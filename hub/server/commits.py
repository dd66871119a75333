"""Commits of mirrored repositories at their origin."""

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
    """The trees of commits, in a JSON file that other processes may also write.

    The commit of an unknown tree is the tree's id. As commits are bound to the content, a
    repository that is changed after it was mirrored loses its commit.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._version = -1
        self._trees: dict[str, str] = {}

    def tree(self, commit: str) -> str:
        """The id of the tree of a commit."""
        with self._lock:
            self._refresh()
            return self._trees.get(commit, commit)

    def commit(self, tree: str) -> str:
        """The commit of a tree, the last one added."""
        with self._lock:
            self._refresh()
            return next((c for c, t in reversed(self._trees.items()) if t == tree), tree)

    def add(self, commit: str, tree: str) -> None:
        """Store a commit."""
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
