"""The lock file in force, for all threads of the process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.lockfile.format import LockFile

_VARIABLE = "BESTIARY_LOCK"
# A context variable would not reach the threads in which programs load.
_stack: list[LockFile] = []


@contextlib.contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[LockFile]:
    """Under this lock file nothing else is loaded than what it lists, and no other bytes.

    Holds for the whole process, until the `with` block ends; the environment variable
    BESTIARY_LOCK does the same for a program and its children. A load of anything that is not
    listed is a LockError, one of other bytes an IntegrityError. A branch is the commit that was
    locked. Raises LockError if this is no lock file.

    >>> with locked("no-such.lock"):
    ...     pass
    Traceback (most recent call last):
        ...
    hub.errors.LockError: no-such.lock: there is no such lock file: `hub lock` writes one
    """
    from hub.lockfile.format import read

    lock = read(Path(path))
    _stack.append(lock)
    try:
        yield lock
    finally:
        _stack.remove(lock)


def active() -> LockFile | None:
    """The lock file in force, if there is one: the innermost `locked`, else BESTIARY_LOCK."""
    if _stack:
        return _stack[-1]
    path = os.environ.get(_VARIABLE)
    if not path:
        return None
    from hub.lockfile.format import read

    return read(Path(path))
