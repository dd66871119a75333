"""A partial file, and the note from which another process can resume it.

Beside the file NAME, NAME.json has the URL, the version of the file at its source and the
ranges on the disk. The note is written after the bytes are synced: after a power cut every noted
range is on the disk, and at worst some ranges are not noted.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hub.cancellation import CancelledError
from hub.disk import check_room_in_cache, is_full
from hub.errors import CacheError
from hub.file_info import Expected
from hub.text import format_count
from hub.transfer.checkpoints import Checkpoints
from hub.transfer.digests import Digests
from hub.transfer.limits import Limits
from hub.transfer.ranges import Range, Ranges

_ROOM_FOR_NOTE = 1 << 16  # bytes: more than a note, as disks allocate blocks


@dataclass(frozen=True)
class Version:
    """The version of a file on a server, by the headers of its responses."""

    size: int | None = None
    etag: str | None = None
    modified: str | None = None

    @property
    def validator(self) -> str | None:
        """The value of If-Range: a strong ETag (RFC 9110, 13.1.5).

        Last-Modified is not used: a replaced file may have the same time.

        >>> Version(etag='"1"').validator, Version(etag='W/"1"').validator
        ('"1"', None)
        """
        return self.etag if self.etag is not None and self.etag.startswith('"') else None

    def is_other_than(self, other: Version) -> bool:
        """True if the versions are known to differ."""
        pairs = [(self.size, other.size), (self.etag, other.etag)]
        if self.etag is None or other.etag is None:
            pairs.append((self.modified, other.modified))
        return any(a != b and a is not None and b is not None for a, b in pairs)


class Partial:
    """The partial file at `path` for `ref` and `url`. One process at a time, many threads.

    CacheError if the disk is full.
    """

    def __init__(
        self, path: Path, *, ref: str, url: str, expected: Expected, limits: Limits
    ) -> None:
        self.path = path
        self.ref = ref
        self.version = Version()
        self.generation = 0  # number of starts: writes for an earlier one are refused
        self.done = Ranges()
        self._url = url
        self._expected = expected
        self._lock = threading.Lock()
        self._noting = threading.Lock()
        self._checkpoints = Checkpoints(self._write_note, limits.checkpoint)
        self._digests: Digests | None = None
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o644)

    @property
    def note(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    @property
    def size(self) -> int | None:
        """The size of the whole file, None if unknown."""
        return self.version.size

    def resume(self) -> None:
        """Continue an existing partial file, unless it is of another URL or damaged."""
        try:
            noted: dict[str, Any] = json.loads(self.note.read_text(encoding="utf-8"))
            version, done = Version(**noted["version"]), Ranges(noted["done"])
            expected = Expected(**noted["expected"])
            known = Expected(size=version.size)
            usable = noted["url"] == self._url and done.end <= os.fstat(self._file).st_size
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return
        if usable and not any(self._expected.contradicts(other) for other in (expected, known)):
            self.version, self.done = version, done
            self._start_digests()
            self._check_space()

    def start(self, version: Version) -> None:
        """Start with an empty file; the disk must have space for all of it."""
        with self._noting, self._lock:
            self.note.unlink(missing_ok=True)
            os.ftruncate(self._file, 0)
            self.version, self.done = version, Ranges()
            self.generation += 1
            self._start_digests()
        self._check_space()

    def learn_size(self, size: int) -> None:
        """Set the size, which the server had not announced."""
        with self._lock:
            self.version = replace(self.version, size=size)

    def write(self, offset: int, data: bytes, generation: int) -> None:
        """Write bytes; CancelledError if the file was closed or restarted meanwhile."""
        with self._lock:
            if self._file < 0 or generation != self.generation:
                raise CancelledError
            self._write_all(offset, memoryview(data))
            if self._digests is not None:
                self._digests.available(self.done.prefix, (offset, data))
        self._checkpoints.add(len(data))

    def ranges(self) -> list[Range]:
        """The received ranges."""
        with self._lock:
            return list(self.done)

    @property
    def can_grow(self) -> bool:
        """True if the rest may be added, since a mixture of versions would be detected."""
        shows = self._expected.is_bound or self.version.validator is not None
        return shows and self.size is not None and bool(self.done)

    @property
    def is_complete(self) -> bool:
        return self.size is not None and len(self.done) == self.size

    def _write_note(self) -> None:
        """Write the note of the received ranges; the bytes are synced first."""
        with self._noting:
            if self._file >= 0 and self.can_grow:
                self._write_note_now()

    def _write_note_now(self) -> None:
        """Write the note under `_noting`, so that none is written after a restart or the end."""
        with self._lock:
            noted = {
                "url": self._url,
                "expected": asdict(self._expected),
                "version": asdict(self.version),
                "done": [*self.done],
            }
        os.fdatasync(self._file)
        fresh = self.note.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(noted), encoding="utf-8")
            fresh.replace(self.note)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise

    def finish(self) -> tuple[str, str | None]:
        """Sync the complete file and return its digests."""
        assert self.size is not None
        os.ftruncate(self._file, self.size)
        digests = self._digests or self._new_digests(self.size)
        self._digests = None
        try:
            result = digests.finish()
        finally:
            digests.close()
        os.fsync(self._file)
        return result

    def head(self, count: int) -> bytes:
        """The first bytes of the file."""
        return os.pread(self._file, count, 0)

    def close(self, *, finished: bool) -> None:
        """Keep the finished file or a resumable part, or remove the file."""
        self._checkpoints.close()
        is_kept = finished or self.can_grow
        with self._noting:
            if is_kept and not finished:
                self._note_at_last()
            with self._lock:
                if self._digests is not None:
                    self._digests.close()
                    self._digests = None
                os.close(self._file)
                self._file = -1
            if not is_kept:
                self.path.unlink(missing_ok=True)
            if finished or not is_kept:
                self.note.unlink(missing_ok=True)

    def _note_at_last(self) -> None:
        """Note the received ranges; on a full disk the file is truncated to free space."""
        with contextlib.suppress(OSError):  # the last note remains valid
            try:
                self._write_note_now()
            except OSError as error:
                if not is_full(error):
                    raise
                self._shorten(_ROOM_FOR_NOTE)
                self._write_note_now()

    def _shorten(self, count: int) -> None:
        with self._lock:
            end = max(0, self.done.end - count)
            self.done = Ranges((a, min(b, end)) for a, b in self.done if a < end)
            os.ftruncate(self._file, end)

    def _start_digests(self) -> None:
        if self._digests is not None:
            self._digests.close()
            self._digests = None
        if self.size is not None:
            self._digests = self._new_digests(self.size)
            self._digests.available(self.done.prefix)

    def _new_digests(self, size: int) -> Digests:
        return Digests(self.path, size, git=self._expected.git_sha1 is not None)

    def _write_all(self, offset: int, rest: memoryview) -> None:
        try:
            while rest:
                written = os.pwrite(self._file, rest, offset)
                self.done.add(offset, offset + written)
                rest, offset = rest[written:], offset + written
        except OSError as error:
            if not is_full(error):
                raise
            done = format_count(len(self.done), "byte")
            raise CacheError(
                f"{self.ref}: {error.strerror} after {done} of it: free some space and download it "
                "again, which resumes it"
            ) from error

    def _check_space(self) -> None:
        needed = (self.size or 0) - len(self.done)
        check_room_in_cache(self.ref, needed, self.path.parent)
