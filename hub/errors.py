"""The exceptions that `hub` raises."""

from __future__ import annotations


class HubError(Exception):
    """Anything that goes wrong in `hub`; every other exception here is one."""


class FormatError(HubError):
    """A weight file that cannot be read, and what is wrong with it.

    `file` names the file, and the member inside it where there is one; `position` is the byte at
    which reading stopped. Both are None where they are not known.

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
