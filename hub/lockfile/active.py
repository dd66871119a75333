"""The active lock file, for all threads of the process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.lockfile.format import LockFile

_VARIABLE = "BESTIARY_LOCK"
# A context variable would not be seen by other threads that load.
_stack: list[LockFile] = []


@contextlib.contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[LockFile]:
    """Restrict loads to the entries of this lock file and their bytes.

    Applies to the whole process, until the `with` block ends; the environment variable
    BESTIARY_LOCK does the same for a program and its children. Loading anything that is not
    listed raises LockError, other bytes IntegrityError. A branch means the locked commit. Raises
    LockError if this is no lock file.

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
    """The active lock file, if any: the innermost `locked`, else BESTIARY_LOCK."""
    if _stack:
        return _stack[-1]
    path = os.environ.get(_VARIABLE)
    if not path:
        return None
    from hub.lockfile.format import read

    return read(Path(path))
