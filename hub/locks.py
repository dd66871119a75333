"""Locks between processes, released by the system when their holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def lock(path: Path, *, waiting_for: str) -> Iterator[None]:
    """Hold the lock of this name; whoever else wants it waits. The lock file goes when it is free.

    `waiting_for` says, to a person who waits, what is going on.
    """
    descriptor = _acquire(path, blocking=False)
    if descriptor is None:
        import logging  # rarely needed, and a fifth of what importing the hub would take

        logging.getLogger("hub").info("waiting: %s", waiting_for)
        descriptor = _acquire(path, blocking=True)
    assert descriptor is not None
    with _held(path, descriptor):
        yield


@contextlib.contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock if it is free; tells whether it was."""
    descriptor = _acquire(path, blocking=False)
    if descriptor is None:
        yield False
        return
    with _held(path, descriptor):
        yield True


@contextlib.contextmanager
def _held(path: Path, descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        # A child forked meanwhile shares the lock: closing here alone would not free it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _acquire(path: Path, *, blocking: bool) -> int | None:
    """The descriptor of the locked file, or None if it is not to be had without waiting."""
    mode = fcntl.LOCK_EX if blocking else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, mode)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        if _is_at(path, descriptor):
            return descriptor
        # The last holder removed the file while we waited for it: the lock is another file now.
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
