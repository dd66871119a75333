"""`fetch`: one URL into one file, with retries and resumption."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hub import urls
from hub.errors import FetchError, HubError, IntegrityError
from hub.file_info import Expected, LocalFile
from hub.log import warn
from hub.progress import Meter
from hub.transfer import limits as default
from hub.transfer.connections import Helpers, Receiver
from hub.transfer.http import Answer, Client, VersionChanged, Wanted, new_session
from hub.transfer.limits import Limits
from hub.transfer.partial import Partial, Version
from hub.transfer.plan import Claim, Plan
from hub.transfer.retry import Retries, Transient
from hub.transfer.speed import Throttle, TooSlow, shared

if TYPE_CHECKING:
    from requests import Session

_HTML = (b"<!doctype html", b"<html")
_ENDLESS = 1 << 62  # bytes: where a file of unknown size ends


def fetch(
    url: str,
    path: Path,
    *,
    ref: str,
    session: Session | None = None,
    headers: Mapping[str, str] | None = None,
    expected: Expected | None = None,
    html: bool = False,
    meter: Meter | None = None,
    throttle: Throttle | None = None,
    limits: Limits | None = None,
) -> LocalFile:
    """Fetch one URL into the file `path`, resuming the partial file of an earlier call.

    When it returns, all bytes are hashed, compared with `expected` and synced to the disk: the file
    is ready to be published by a rename. During the call, and after a transient failure, `path` is
    the partial file and `path` + ".json" its note of valid ranges: any process may call again to
    resume it. Both are removed after wrong bytes, and if nothing can be resumed. Only one caller at
    a time may use a path: hold a lock on it. Calls for different paths may run in threads and share
    session, meter and throttle.

    `ref` is named in every error. `session` is from `new_session`. The caller decides whether the
    URL is allowed; redirects may lead to https, or from plain http to the same origin. `headers`
    (a login) are sent only to the origin of the URL, and there are no other credentials but those
    of ~/.netrc, which requests looks up by host. `html` accepts a web page. `meter` counts bytes.
    A failed connection, 429 and most 5xx are retried after a random, growing wait or Retry-After;

    received bytes are reused if the server supports ranges and sends a strong ETag, or if
    `expected` would reveal a mixture. If the file changes meanwhile it is fetched again. A file
    that is slow over one connection is fetched over several. `limits` has the timeouts, retries
    and connections.

    Raises NotFoundError (404, 410), AccessError (401, 403), IntegrityError (wrong bytes),
    CacheError (no space on the disk) or FetchError; OSError if the folder cannot be written.
    """
    limits = limits or default.LIMITS
    expected = expected or Expected()
    with contextlib.ExitStack() as stack:
        if session is None:
            session = stack.enter_context(new_session(limits.connections))
        client = Client(session, url, ref=ref, headers=headers or {}, limits=limits)
        partial = Partial(path, ref=ref, url=url, expected=expected, limits=limits)
        receiver = Receiver(
            client, partial, meter=meter or Meter(), throttle=throttle or shared(), limits=limits
        )
        transfer = _Transfer(receiver, expected=expected, html=html)
        try:
            fetched = transfer.run()
        except BaseException:
            transfer.close(finished=False)
            raise
        transfer.close(finished=True)
        return fetched


class _Transfer:
    """The state of one call of `fetch`."""

    def __init__(self, receiver: Receiver, *, expected: Expected, html: bool) -> None:
        self._receiver = receiver
        self._partial = receiver.partial
        self._client = receiver.client
        self._limits = receiver.limits
        self._ref = receiver.client.ref
        self._expected = expected
        self._html = html
        self._source = urls.without_query(receiver.client.url)
        self._helpers = Helpers(receiver)
        self._plan: Plan | None = None
        self._is_patchwork = False  # received by more than one response
        self._began = 0.0

    def run(self) -> LocalFile:
        self._resume()
        self._receive()
        is_patchwork = self._is_patchwork
        try:
            return self._checked()
        except IntegrityError:
            # A part may be of another version, or damaged on the disk: fetch the whole file once.
            if not is_patchwork:
                raise
        self._receive()
        return self._checked()

    def close(self, *, finished: bool) -> None:
        self._helpers.cancel()
        self._partial.close(finished=finished)

    def _resume(self) -> None:
        """Resume the partial file of an earlier call, if it can be part of the expected file."""
        self._partial.resume()
        if self._partial.can_grow:
            self._is_patchwork = True
            self._plan = Plan(self._partial, self._limits.piece)
        else:
            self._partial.start(Version())
        self._receiver.meter.begin(
            len(self._partial.done), self._partial.size or self._expected.size
        )

    def _receive(self) -> None:
        """Receive until all bytes are written."""
        retries = Retries(self._ref, self._limits)
        most = len(self._partial.done)
        while not self._partial.is_complete:
            try:
                self._stream()
            except Transient as error:
                done = len(self._partial.done)
                progress = done > most and not isinstance(error, TooSlow)
                most = max(most, done)
                if isinstance(error, VersionChanged):
                    self._start(Version())
                retries.wait(error, progress=progress)

    def _stream(self) -> None:
        """Request the lowest missing range and write the response into the file."""
        claim: Claim | None = None
        wanted: Wanted | None = None
        if self._plan is not None and self._partial.can_grow:
            claim = self._plan.claim(wait=True)
            if claim is None:
                return  # helpers have received the rest
            wanted = claim.start, self._plan.room(claim)
        try:
            with self._client.get(wanted, self._partial.version) as answer:
                if not answer.is_range:
                    claim = self._accept(answer)
                self._is_patchwork |= answer.is_range
                self._source = answer.source
                if claim is not None:
                    self._write(answer, claim)
        finally:
            if claim is not None and self._plan is not None:
                self._plan.release(claim)

    def _accept(self, answer: Answer) -> Claim | None:
        """Restart with a response that is the whole file, if it can be the expected one."""
        if answer.content_type == "text/html":
            self._refuse_web_page()
        size, expected = answer.version.size, self._expected.size
        if size is not None and expected not in (None, size):
            raise FetchError(
                f"{self._ref}: {answer.source} announced {size} bytes, expected {expected}"
            )
        if size is None and not answer.is_chunked and not self._expected.is_bound:
            warn(
                f"{self._ref}: the server does not say how long it is: a file that is cut short "
                "would not be noticed, unless it is pinned, #sha256=HEX"
            )
        self._start(replace(answer.version, size=expected if size is None else size))
        if self._plan is None:
            return Claim(0, _ENDLESS, self._partial.generation)
        return self._plan.claim(wait=False)

    def _start(self, version: Version) -> None:
        self._helpers.cancel()
        self._helpers = Helpers(self._receiver)
        self._is_patchwork = False
        self._partial.start(version)
        self._plan = Plan(self._partial, self._limits.piece) if version.size is not None else None
        self._receiver.meter.begin(0, version.size or self._expected.size)

    def _write(self, answer: Answer, claim: Claim) -> None:
        self._began, before = time.monotonic(), len(self._partial.done)

        def call_for_help() -> None:
            if self._is_worth_helping(answer, before):
                assert self._plan is not None
                self._is_patchwork = True
                self._helpers.start(self._plan, answer.version, self._limits.connections - 1)

        end = self._receiver.receive(answer, claim, self._plan, call_for_help)
        if self._plan is None:
            self._partial.learn_size(end)

    def _is_worth_helping(self, answer: Answer, before: int) -> bool:
        """True if the first connection is slow enough for helpers."""
        elapsed = time.monotonic() - self._began
        if self._helpers.has_started or elapsed < self._limits.parallel_after:
            return False
        if self._plan is None or self._receiver.throttle is not None or not answer.serves_ranges:
            return False
        done, size = len(self._partial.done), self._partial.size or 0
        seconds_left = (size - done) * elapsed / max(done - before, 1)
        return self._partial.can_grow and seconds_left > self._limits.parallel_if_left

    def _checked(self) -> LocalFile:
        """The complete file, if it is the expected one; otherwise its bytes are discarded."""
        sha256, git_sha1 = self._partial.finish()
        size = self._partial.size
        assert size is not None
        try:
            self._check("SHA-256", self._expected.sha256, sha256)
            self._check("git SHA-1", self._expected.git_sha1, git_sha1)
            if not self._expected.is_bound:
                self._check_kind()
        except HubError:
            self._start(Version())
            raise
        return LocalFile(size, sha256, self._source, path=self._partial.path)

    def _check(self, digest: str, expected: str | None, got: str | None) -> None:
        if expected is None or (got is not None and got.startswith(expected)):
            return
        self._check_kind()
        raise IntegrityError(
            self._ref,
            expected=expected,
            got=got,
            source=self._source,
            advice="do not use these bytes; check the pin and the source",
            digest=digest,
        )

    def _check_kind(self) -> None:
        if self._partial.head(64).lstrip().lower().startswith(_HTML):
            self._refuse_web_page()

    def _refuse_web_page(self) -> None:
        if not self._html:
            raise FetchError(
                f"{self._ref}: the server answered with a web page instead of the file: "
                "check the address, and whether it needs a login"
            )
