"""Download of files of a repository: hashed while they are received, published if they match."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hub.disk import Stamp
from hub.errors import FetchError, FormatError, IntegrityError, NotFoundError
from hub.log import warn
from hub.progress import Meter
from hub.repos.cached_repo import CachedRepo, digest_name, hash_blob
from hub.repos.client import Client
from hub.repos.tree import RepoFile
from hub.repos.validation import validate
from hub.transfer import fetch
from hub.transfer.retry import Transient

if TYPE_CHECKING:
    from requests import Session

# The public server sends larger files only through its Xet storage.
_MAX_PLAIN = 50 * 1000**3  # bytes


class Fetcher:
    """Fetches files of one commit; threads may share it.

    `pins` holds SHA-256 digests, by path, that files must have beside the repository's hashes.
    """

    def __init__(
        self,
        cached: CachedRepo,
        client: Client,
        commit: str,
        *,
        where: str,
        session: Session,
        pins: Mapping[str, str] | None = None,
    ) -> None:
        self._cached = cached
        self._folder = cached.folder
        self._client = client
        self._commit = commit
        self._where = where
        self._session = session
        self._headers = client.headers
        self._pins = pins or {}

    def fetch(self, file: RepoFile, meter: Meter) -> Path:
        """The file in the snapshot of its commit, fetched unless its blob is cached."""
        self._check_pin(file)
        if self._is_good(file):
            return self._folder.pointer(self._commit, file.path)
        with self._folder.lock(file.etag):
            if self._is_here(file):
                return self._folder.pointer(self._commit, file.path)
            received = self._folder.blob(f"{file.etag}.bestiary.incomplete")
            sha256 = self.receive(file, received, meter)
            stamp = Stamp.of(received)  # unchanged by a rename
            pointer = self._folder.publish(received, self._commit, file)
            self._cached.verified.add(self._cached.target(pointer), stamp, sha256, file.etag)
            return pointer

    def receive(self, file: RepoFile, received: Path, meter: Meter) -> str:
        """Receive a file at this path, verify it, and return its SHA-256.

        After a transient failure the received part remains, for the next call to resume.
        """
        received.parent.mkdir(parents=True, exist_ok=True)
        where = self._name(file)
        sha256 = self._transfer(where, file, received, meter)
        try:
            validate(where, file.path, received)
        except FormatError:
            received.unlink()
            raise
        return sha256

    def _is_good(self, file: RepoFile) -> bool:
        """True if the snapshot has the file, also in a read-only cache."""
        try:
            found = self._cached.find(self._name(file), self._commit, file.path)
        except IntegrityError:
            return False  # reported under the lock
        return found is not None and self._pins.get(file.path) in (None, found.sha256)

    def _is_here(self, file: RepoFile) -> bool:
        """True if the snapshot has the file, or was given a link to an existing blob."""
        where = self._name(file)
        try:
            if found := self._cached.find(where, self._commit, file.path):
                return self._pins.get(file.path) in (None, found.sha256)
            blob = self._folder.blob(file.etag)
            if not blob.is_file():
                return False
            if self._cached.verified.sha256(blob, file.etag) is None:
                self._cached.check(where, file.path, blob, file.etag)
        except IntegrityError as error:
            warn(f"{where}: the cached file has the hash {error.got}; fetching it again")
            return False
        self._folder.link(self._commit, file)
        return True

    def _transfer(self, where: str, file: RepoFile, received: Path, meter: Meter) -> str:
        if file.xet is not None and file.size > _MAX_PLAIN:
            return self._by_library(where, file, received)
        try:
            return fetch(
                self._client.url(self._commit, file.path),
                received,
                ref=where,
                session=self._session,
                headers=self._headers,
                expected=file.expected(self._pins.get(file.path)),
                html=file.path.lower().endswith((".html", ".htm")),
                meter=meter,
            ).sha256
        except (FetchError, NotFoundError) as error:
            if file.xet is None or isinstance(error.__cause__, Transient):
                raise
            warn(f"{error}; trying the Xet storage")
            return self._by_library(where, file, received)

    def _by_library(self, where: str, file: RepoFile, received: Path) -> str:
        """Fetch the file by the library, which does not hash it, and hash it."""
        scratch = received.with_suffix(".xet")
        try:
            fetched = self._client.download(self._commit, file.path, scratch)
            sha256, got = hash_blob(fetched, file.etag)
            pin = self._pins.get(file.path, sha256)
            for expected, found in ((file.etag, got), (pin, sha256)):
                if found != expected:
                    raise IntegrityError(
                        where,
                        expected=expected,
                        got=found,
                        source="the Xet storage",
                        advice="do not use it; try again, and report it to the server's operator",
                        digest=digest_name(expected),
                    )
            fetched.replace(received)
            return sha256
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _check_pin(self, file: RepoFile) -> None:
        pin = self._pins.get(file.path)
        if pin and file.sha256 and pin != file.sha256:
            raise IntegrityError(
                self._name(file),
                expected=pin,
                got=file.sha256,
                source="what the server says of it",
                advice="check the pin, and whether the file was meant to change",
            )

    def _name(self, file: RepoFile) -> str:
        return f"{self._where}: {file.path}" if not self._where.endswith(file.path) else self._where
