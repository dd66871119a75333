"""Authentication: bearer tokens, and signed keys for single uploads."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path

from hub.errors import HubError
from hub.server.http import HttpError

_KEY_LIFE = 24 * 3600  # seconds
_MIN_LENGTH = 8


class Guard:
    """Checks tokens; without any, every client may read."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        # Digests have equal length, for comparison in constant time.
        self._digests = [_digest(token) for token in tokens]
        self._secret = secrets.token_bytes(32)

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise HttpError unless the request carries one of the tokens, if there are any."""
        if not self._digests:
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise HttpError(HTTPStatus.UNAUTHORIZED, "this server asks for a token")
        digest = _digest(token.strip())
        # All tokens are compared, for constant time.
        if not sum(hmac.compare_digest(digest, known) for known in self._digests):
            raise HttpError(HTTPStatus.UNAUTHORIZED, "Invalid credentials in Authorization header")

    def key(self, purpose: str) -> str:
        """A signed key for one address, valid for a day, for clients that send no token there."""
        until = int(time.time()) + _KEY_LIFE
        return f"{until}-{self._sign(purpose, until)}"

    def check_key(self, purpose: str, key: str) -> None:
        """Raise HttpError unless the key was signed for this purpose and has not expired."""
        until, _, signature = key.partition("-")
        valid = until.isdecimal() and len(until) < 20 and int(until) >= time.time()
        if not valid or not hmac.compare_digest(
            signature.encode(), self._sign(purpose, int(until)).encode()
        ):
            raise HttpError(HTTPStatus.FORBIDDEN, "the key of this address is wrong or too old")

    def _sign(self, purpose: str, until: int) -> str:
        return hmac.new(self._secret, f"{until} {purpose}".encode(), "sha256").hexdigest()


def read_tokens(path: Path) -> list[str]:
    """The tokens of a file, one a line; empty lines and comments after '#' are ignored.

    Raises HubError if there is none, or one that is easily guessed.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    tokens = [token for line in lines if (token := line.partition("#")[0].strip())]
    if not tokens:
        raise HubError(f"{path}: has no token: write one a line")
    if any(len(token) < _MIN_LENGTH or " " in token for token in tokens):
        raise HubError(f"{path}: a token has at least {_MIN_LENGTH} characters and no space")
    return tokens


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
