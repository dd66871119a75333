"""File locks between processes, released by the system when their holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from hub import cancellation

# Seconds between two attempts: the first one, and the maximum.
_SHORTEST, _LONGEST = 0.001, 0.05


@contextlib.contextmanager
def lock(path: Path, *, waiting_for: str) -> Iterator[None]:
    """Hold the lock of this name; other processes wait. The lock file is removed on release.

    `waiting_for` describes the holder's work in the log message of a waiting process.
    """
    descriptor = _acquire(path)
    if descriptor is None:
        import logging  # rarely needed; a fifth of the hub's import time

        logging.getLogger("hub").info("waiting: %s", waiting_for)
        descriptor = _wait_for(path)
    with _held(path, descriptor):
        yield


@contextlib.contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock if it is free; yields True if it was."""
    descriptor = _acquire(path)
    if descriptor is None:
        yield False
        return
    with _held(path, descriptor):
        yield True


def sweep(folder: Path) -> None:
    """Remove stale lock files of killed processes."""
    for path in folder.glob("*"):
        with try_lock(path):
            """To let go of it is what removes the file."""


@contextlib.contextmanager
def _held(path: Path, descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        # A child forked meanwhile shares the lock: only closing would not release it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _wait_for(path: Path) -> int:
    """The descriptor of the locked file, once it is free.

    It polls, since a blocking system call could not be cancelled.
    """
    pause = _SHORTEST
    while (descriptor := _acquire(path)) is None:
        cancellation.current().wait(pause)
        pause = min(2 * pause, _LONGEST)
    return descriptor


def _acquire(path: Path) -> int | None:
    """The descriptor of the locked file, or None if another process holds it."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        if _is_at(path, descriptor):
            return descriptor
        # The last holder removed the file before it was locked here: the lock is another file.
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
