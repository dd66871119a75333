"""One HTTP request: redirects, credentials, and the checks of a response."""

from __future__ import annotations

import contextlib
import http.client
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from hub import cancellation, urls
from hub.errors import AccessError, FetchError, NotFoundError, RefError
from hub.text import root_cause
from hub.transfer.limits import Limits
from hub.transfer.partial import Version
from hub.transfer.retry import Transient, retry_after

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 403})
# Start and stop, None meaning the end of the file.
Wanted = tuple[int, int | None]

_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_TOO_LONG = 1 << 16  # bytes of the body of a redirect


class VersionChanged(Transient):
    """The partial file cannot be resumed: the source has another version, or serves no ranges."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, wait=0.0)


@dataclass(eq=False)
class Answer:
    """A response with the file, or with the requested range of it.

    `serves_ranges`: the server supports requests for ranges.
    """

    response: Response
    version: Version
    is_range: bool
    serves_ranges: bool

    @property
    def content_type(self) -> str:
        """Its media type, without parameters."""
        return self.response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def is_chunked(self) -> bool:
        """True if the body has chunked encoding, which marks its end."""
        return self.response.headers.get("Transfer-Encoding", "").lower() == "chunked"

    @property
    def source(self) -> str:
        """Its URL after redirects, without the query, for display."""
        return urls.without_query(self.response.url)

    def chunks(self, largest: int) -> Iterator[bytes]:
        """The body, in chunks as they are received."""
        while chunk := self.response.raw.read1(largest, decode_content=False):
            yield chunk

    def interrupt(self) -> None:
        """End a read that waits for bytes; called from another thread."""
        with contextlib.suppress(Exception):  # in any state
            self.response.raw.shutdown()


class Client:
    """Requests for one URL. `headers` go to the URL's own origin and nowhere else."""

    def __init__(
        self,
        session: Session,
        url: str,
        *,
        ref: str,
        headers: Mapping[str, str],
        limits: Limits,
    ) -> None:
        self.ref = ref
        self._session = session
        self.url = url
        self._headers = headers
        self._limits = limits

    @contextlib.contextmanager
    def get(self, wanted: Wanted | None = None, version: Version | None = None) -> Iterator[Answer]:
        """Request the file, or a range of this version of it.

        The answer to a range may be the whole file. Transient if a retry may succeed;
        VersionChanged if the range cannot be resumed; NotFoundError, AccessError or FetchError if
        a retry is useless.
        """
        headers = {}
        if wanted is not None:
            headers["Range"] = f"bytes={_spelled(wanted)}"
            if version is not None and version.validator is not None:
                headers["If-Range"] = version.validator
        with self._failures(), contextlib.closing(self._follow(headers)) as response:
            self._check_status(response, wanted)
            self._check_kind(response)
            answer = self._answer(response, wanted, version or Version())
            with cancellation.current().on_cancel(answer.interrupt):
                yield answer

    def _follow(self, headers: Mapping[str, str]) -> Response:
        """Follow redirects one by one, checking each address."""
        url = self.url
        timeout = (self._limits.connect_timeout, self._limits.read_timeout)
        for _ in range(self._limits.redirects + 1):
            own = self._headers if urls.origin(url) == urls.origin(self.url) else {}
            has_login = any(name.lower() == "authorization" for name in own)
            response = self._session.get(
                url,
                headers={**headers, **own},
                # requests would replace the login by that of ~/.netrc.
                auth=_as_it_is if has_login else None,
                timeout=timeout,
                stream=True,
                allow_redirects=False,
            )
            if not response.is_redirect:
                return response
            length = self._length(response)
            if length is not None and length < _TOO_LONG:
                response.raw.drain_conn()  # makes the connection reusable
            response.close()
            try:
                location = response.headers["Location"].encode("latin-1").decode("utf-8")
                url = self.redirected(url, urljoin(url, location))
            except ValueError as error:  # includes UnicodeError
                raise FetchError(f"{self.ref}: the server redirects to no URL: {error}") from None
        raise FetchError(
            f"{self.ref}: more than {self._limits.redirects} redirects, the last to "
            f"{urls.without_query(url)}"
        )

    def redirected(self, url: str, target: str) -> str:
        """The target of a redirect, if it is allowed."""
        if urlsplit(url).scheme == "http" and urls.origin(target) == urls.origin(self.url):
            return target  # plain http to the same origin, as requested by the user
        try:
            scheme = urls.split(target).scheme
        except RefError as error:
            raise FetchError(
                f"{self.ref}: the server redirects to a refused address: {error}"
            ) from None
        if scheme == "http" and urlsplit(url).scheme != "http":
            raise FetchError(
                f"{self.ref}: the server redirects to a refused address: "
                f"{urls.without_query(target)} is not encrypted"
            )
        return target

    def _check_status(self, response: Response, wanted: Wanted | None) -> None:
        status = response.status_code
        reason = "".join(c for c in response.reason or "" if c.isprintable())[:80]
        answer = f"{urls.without_query(response.url)} answered {status} {reason}".rstrip()
        if status in _TRANSIENT:
            raise Transient(answer, retry_after(response.headers.get("Retry-After")))
        if status in _GONE:
            raise NotFoundError(f"{self.ref}: {answer}: check the address")
        if status in _FORBIDDEN:
            raise AccessError(f"{self.ref}: {answer}: it asks for a login that allows this")
        if status == 416 and wanted is not None:
            raise VersionChanged(answer)
        expected = "200" if wanted is None else "200 or 206"
        if status != 200 and (status != 206 or wanted is None):
            raise FetchError(f"{self.ref}: {answer}, expected {expected}")

    def _check_kind(self, response: Response) -> None:
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("", "identity"):
            raise FetchError(
                f"{self.ref}: the server sends it coded as {coding[:40]!r}, expected the file as is"
            )

    def _answer(self, response: Response, wanted: Wanted | None, known: Version) -> Answer:
        headers = response.headers
        is_range = response.status_code == 206
        if is_range:
            assert wanted is not None
            size = self._size_of_range(response, wanted)
        else:
            size = self._length(response)
        found = Version(size, headers.get("ETag"), headers.get("Last-Modified"))
        if is_range and known.is_other_than(found):
            raise VersionChanged(f"{urls.without_query(response.url)} has another version by now")
        says_so = headers.get("Accept-Ranges", "").strip().lower() == "bytes"
        return Answer(response, found, is_range, is_range or says_so)

    def _length(self, response: Response) -> int | None:
        """The length of the body if it is announced."""
        length = response.headers.get("Content-Length")
        if length is None:
            return None
        if not _LENGTH.fullmatch(length):
            raise FetchError(f"{self.ref}: the server announced a length of {length[:40]!r}")
        return int(length)

    def _size_of_range(self, response: Response, wanted: Wanted) -> int | None:
        """The size of the file, if the body is the requested range."""
        text = response.headers.get("Content-Range", "").strip()
        if found := _CONTENT_RANGE.fullmatch(text):
            start, end = int(found[1]), int(found[2]) + 1
            size = None if found[3] == "*" else int(found[3])
            expected_end = wanted[1] or size or end
            fits = (start, end) == (wanted[0], expected_end) and start < end <= (size or end)
            if fits and self._length(response) in (None, end - start):
                return size
        raise VersionChanged(
            f"{urls.without_query(response.url)} answered bytes {_spelled(wanted)} "
            f"with Content-Range {text[:60]!r}"
        )

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Convert the libraries' exceptions to Transient and FetchError."""
        import requests
        import urllib3

        try:
            yield
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
            raise FetchError(f"{self.ref}: no secure connection: {root_cause(error)}") from error
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise Transient("the server did not answer in time") from error
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            ConnectionError,
        ) as error:
            raise Transient(f"the connection failed: {root_cause(error)}") from error
        except requests.exceptions.RequestException as error:
            raise FetchError(f"{self.ref}: {root_cause(error)}") from error


def _spelled(wanted: Wanted) -> str:
    start, end = wanted
    return f"{start}-" if end is None else f"{start}-{end - 1}"


def new_session(connections: int = 4) -> Session:
    """A session for `fetch`, with this number of connections per host."""
    from hub.transfer import session

    return session.Session(connections)


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request
