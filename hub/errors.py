"""The exceptions that `hub` raises: one family, each message one line."""

from __future__ import annotations

import errno
import os
import pickle


class HubError(Exception):
    """Base class of the exceptions of `hub`."""


class FormatError(HubError):
    """A weight file that cannot be read, with the reason.

    `file` names the file, and the member inside it if there is one; `position` is the byte at
    which reading stopped. Both are None if unknown.

    >>> print(FormatError("the header is cut short", file="model.safetensors", position=8))
    model.safetensors: at byte 8: the header is cut short
    """

    def __init__(
        self, reason: str, *, file: str | None = None, position: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.file = file
        self.position = position

    def __str__(self) -> str:
        where = [self.file] if self.file is not None else []
        if self.position is not None:
            where.append(f"at byte {self.position}")
        return ": ".join([*where, self.reason])


class UnpicklingError(FormatError, pickle.UnpicklingError):
    """A pickle that is malformed or names a global that is not allowed."""


class MissingFileError(FormatError, FileNotFoundError):
    """There is no weight file of this name."""

    def __init__(self, file: str) -> None:
        super().__init__("no such file", file=file)
        self.errno = errno.ENOENT
        self.strerror = os.strerror(errno.ENOENT)
        self.filename = file

    def __reduce__(self) -> tuple[object, ...]:
        return MissingFileError, (self.filename,)


class RefError(HubError, ValueError):
    """A reference is malformed, or would escape from its source."""


class NotFoundError(HubError):
    """The file of a reference does not exist at its source, or is not in the cache."""


class FetchError(HubError):
    """A source could not be reached, or its response is not the file."""


class AccessError(FetchError):
    """A source requires a login, or a permission that the login lacks."""


class OfflineError(HubError):
    """A file would have to be fetched, and fetching is switched off."""


class CacheError(HubError):
    """The cache folder cannot be read or written."""


class LockError(HubError):
    """A lock file cannot be read, or does not list what is loaded under it."""


class IntegrityError(HubError):
    """A file is not the requested one: its SHA-256 differs.

    `expected` and `got` are digests in hexadecimal; `source` is the origin of the bytes. `got` is
    None if unknown. `digest` names the kind of hash.
    """

    def __init__(
        self,
        ref: str,
        *,
        expected: str,
        got: str | None,
        source: str,
        advice: str,
        digest: str = "SHA-256",
    ) -> None:
        super().__init__(
            f"{ref}: wrong {digest} from {source}: expected {expected}, "
            f"got {got or 'another'}: {advice}"
        )
        self.ref = ref
        self.expected = expected
        self.got = got
        self.source = source
        self.advice = advice
        self.digest = digest

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are rebuilt from `args`, which is the message: crossing to another process
        # (a pool, a data loader) needs the parts.
        return _rebuild, (vars(self),)


def _rebuild(parts: dict[str, str]) -> IntegrityError:
    return IntegrityError(**parts)
