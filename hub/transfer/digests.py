"""Digests of a file that is still being received."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from hub import cancellation

_BLOCK = 1 << 20  # bytes: fits in the second-level cache between reading and hashing
# The hashing thread is woken for this many bytes, as waking costs both threads. Smaller files are
# hashed at their end, without a thread.
_BATCH = 4 << 20  # bytes
_AT_HAND = 8 << 20  # bytes: chunks that may wait in memory to be hashed


def git_sha1(size: int) -> hashlib._Hash:
    """A hash that computes the git id of a blob of `size` bytes.

    Git hashes a header with the size, then the bytes (gitformat-pack, "blob").

    >>> digest = git_sha1(6); digest.update(b"hello\\n"); digest.hexdigest()
    'ce013625030ba8dba906f756967f9e9ca394464a'
    """
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


class Digests:
    """Hashes a file in order, up to its lowest missing byte.

    Bytes of an earlier attempt are read back and hashed while the connection is established, as the
    state of a hash cannot be stored. `git` computes the git blob id too.
    """

    def __init__(self, path: Path, size: int, *, git: bool = False) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = size
        self._hashes = [hashlib.sha256()]
        if git:
            self._hashes.append(git_sha1(size))
        self._buffer = memoryview(bytearray(min(_BLOCK, max(size, 1))))
        self._at_hand: dict[int, bytes] = {}
        self._hashed = 0
        self._available = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def available(self, end: int, chunk: tuple[int, bytes] | None = None) -> None:
        """Announce that the first `end` bytes are written. Call from one thread at a time.

        `chunk`, an offset and bytes already written, may save reading them back.
        """
        if chunk is not None and chunk[0] - self._hashed < _AT_HAND:
            self._at_hand[chunk[0]] = chunk[1]
        if end - self._available < _BATCH:
            return
        self._announce(end)
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="hub-hash", daemon=True)
            self._thread.start()

    def finish(self) -> tuple[str, str | None]:
        """SHA-256 and, if `git` was set, git's SHA-1, once all bytes are written."""
        with cancellation.current().on_cancel(self._stop):
            if self._thread is not None:
                self._announce(self._size)
                self._thread.join()
            self._hash_up_to(self._size)
        self.close()
        sha256, *git = (digest.hexdigest() for digest in self._hashes)
        return sha256, git[0] if git else None

    def close(self) -> None:
        """Stop hashing, complete or not."""
        self._stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _announce(self, end: int) -> None:
        with self._changed:
            self._available = end
            self._changed.notify()

    def _follow(self) -> None:
        while self._hashed < self._size:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._available > self._hashed)
                if self._stopped:
                    return
                available = self._available
            try:
                self._hash_up_to(available)
            except OSError:  # `finish` continues here and raises the error in its own thread
                return

    def _hash_up_to(self, end: int) -> None:
        while self._hashed < end and not self._stopped:
            block = self._at_hand.pop(self._hashed, None) or self._read(end - self._hashed)
            for digest in self._hashes:
                digest.update(block)
            self._hashed += len(block)

    def _read(self, most: int) -> memoryview:
        self._at_hand.clear()  # chunks before the position
        block = self._buffer[:most]
        count = os.preadv(self._file, [block], self._hashed)
        if not count:
            raise OSError("the file became shorter while it was hashed")
        return block[:count]
