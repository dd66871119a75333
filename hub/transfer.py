"""Files over HTTP, with `requests`: checked for length, retried, never taken on trust.

A failure that may pass (no connection, a cut body, 429, most 5xx) is tried again, from the first
byte, after a wait that doubles. What will not pass is an error at once.
"""

from __future__ import annotations

import logging
import os
import random
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from hub import urls
from hub.errors import FetchError, NotFoundError, RefError
from hub.refs import Ref
from hub.sink import Sink

if TYPE_CHECKING:
    from requests import Response, Session

_log = logging.getLogger("hub")

_CHUNK = 1 << 17  # bytes: a bar on a slow line moves, and hashing is still not call-bound
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 403})
_LENGTH = re.compile(r"[0-9]{1,18}")
_HTML = (b"<!doctype html", b"<html")


@dataclass(frozen=True)
class Limits:
    """How long a download is given. Times are in seconds."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0  # the longest silence within a body
    attempts: int = 5
    first_wait: float = 0.5  # doubled at each attempt
    longest_wait: float = 60.0  # what a server asks for in Retry-After is waited up to this
    redirects: int = 10


LIMITS = Limits()


class _TransientError(Exception):
    """A failure worth another attempt; `wait` is what the server asked for, in seconds."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def download(ref: Ref, url: str, sink: Sink) -> str:
    """Stream a URL into a sink and return where it was found, redirects followed.

    FetchError, which names `ref`, if it cannot be had; NotFoundError if it does not exist.
    """
    import requests  # takes longer to import than all of the hub

    limits = LIMITS
    attempt = 1
    with requests.Session() as session:
        while True:
            try:
                return _attempt(session, ref, url, sink, limits)
            except _TransientError as error:
                if attempt >= limits.attempts:
                    raise FetchError(
                        f"{ref}: {error}, after {attempt} attempts: try again later"
                    ) from error
                wait = _wait(ref, attempt, error, limits)
                _log.info("%s: %s; next attempt in %.1f s", sink.label, error, wait)
                time.sleep(wait)
            attempt += 1


def _wait(ref: Ref, attempt: int, error: _TransientError, limits: Limits) -> float:
    if error.wait is None:
        # Jitter keeps clients that failed together from coming back together.
        return limits.first_wait * 2.0 ** (attempt - 1) * random.uniform(0.75, 1.25)
    if error.wait > limits.longest_wait:
        raise FetchError(f"{ref}: {error}; the server asks to wait {error.wait:.0f} s: do so")
    return error.wait


def _attempt(session: Session, ref: Ref, url: str, sink: Sink, limits: Limits) -> str:
    import requests

    try:
        with _open(session, ref, url, limits) as response:
            return _receive(response, ref, sink)
    except requests.exceptions.SSLError as error:
        raise FetchError(f"{ref}: no secure connection: {_reason(error)}") from error
    except requests.exceptions.Timeout as error:
        raise _TransientError("the server did not answer in time") from error
    except (
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
    ) as error:
        raise _TransientError(f"the connection failed: {_reason(error)}") from error
    except requests.exceptions.RequestException as error:
        raise FetchError(f"{ref}: {_reason(error)}") from error


def _open(session: Session, ref: Ref, url: str, limits: Limits) -> Response:
    """Ask for the URL, following redirects one by one so that each address can be refused."""
    # A coded body would have another length and another hash than the file.
    headers = {"Accept-Encoding": "identity", "User-Agent": "bestiary-hub"}
    timeout = (limits.connect_timeout, limits.read_timeout)
    for _ in range(limits.redirects + 1):
        response = session.get(
            url, headers=headers, timeout=timeout, stream=True, allow_redirects=False
        )
        location = session.get_redirect_target(response)
        if location is None:
            return response
        response.close()
        target = urljoin(url, location)
        try:
            urls.split(target)
        except RefError as error:
            raise FetchError(f"{ref}: the server redirects to a refused address: {error}") from None
        url = target
    raise FetchError(f"{ref}: more than {limits.redirects} redirects, the last to {url}")


def _receive(response: Response, ref: Ref, sink: Sink) -> str:
    _check_status(response, ref)
    total = _check_headers(response, ref)
    sink.begin(total)
    for chunk in response.iter_content(_CHUNK):
        if sink.size == 0 and chunk[:64].lstrip().lower().startswith(_HTML):
            _refuse_html(ref)
        sink.write(chunk)
    if total is not None and sink.size != total:
        raise _TransientError(f"the server announced {total} bytes and sent {sink.size}")
    return urls.without_query(response.url)


def _check_status(response: Response, ref: Ref) -> None:
    status = response.status_code
    where = urls.without_query(response.url)
    answer = f"{where} answered {status} {response.reason}"
    if status in _TRANSIENT:
        raise _TransientError(answer, _retry_after(response.headers.get("Retry-After")))
    if status in _GONE:
        raise NotFoundError(f"{ref}: {answer}: check the address")
    if status in _FORBIDDEN:
        raise FetchError(f"{ref}: {answer}: it asks for a login, which ~/.netrc can hold")
    if status != 200:
        raise FetchError(f"{ref}: {answer}, expected 200")


def _check_headers(response: Response, ref: Ref) -> int | None:
    """The length of the body if it is announced; FetchError if this cannot be the file."""
    headers = response.headers
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() == "text/html":
        _refuse_html(ref)
    coding = headers.get("Content-Encoding", "identity")
    if coding != "identity":
        raise FetchError(f"{ref}: the server sends it coded as {coding!r}, expected the file as is")
    length = headers.get("Content-Length")
    if length is not None:
        if not _LENGTH.fullmatch(length):
            raise FetchError(f"{ref}: the server announced a length of {length[:40]!r}")
        return int(length)
    if headers.get("Transfer-Encoding", "").lower() != "chunked" and ref.sha256 is None:
        # The end of the body is then the end of the connection, and a cut would pass for it.
        raise FetchError(f"{ref}: the server does not say how long it is: pin it, #sha256=HEX")
    return None


def _refuse_html(ref: Ref) -> None:
    if not ref.filename.lower().endswith((".html", ".htm")):
        raise FetchError(
            f"{ref}: the server answered with a web page instead of the file: "
            "check the address, and whether it needs a login"
        )


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait; the header holds a number of them or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _reason(error: BaseException) -> str:
    """What lies at the bottom of an exception that libraries have wrapped, on one line."""
    while isinstance(inner := getattr(error, "reason", None) or _first(error), BaseException):
        error = inner
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror or os.strerror(error.errno)
    return " ".join(str(error).split())


def _first(error: BaseException) -> object:
    return error.args[0] if error.args else None
