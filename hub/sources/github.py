"""`github:OWNER/REPOSITORY@TAG/ASSET`: a file attached to a release on GitHub.

GITHUB_TOKEN is a token for private repositories, and for more than a few requests an hour.
GITHUB_API_URL is the address of another server than the public one.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import quote

from hub.errors import FetchError, NotFoundError, RefError
from hub.file_info import Expected, LocalFile
from hub.refs import Ref
from hub.sources import Destination, Source
from hub.sources.https import fetch_url

_API = "https://api.github.com"
_LOCATOR = re.compile(r"([A-Za-z0-9-]+)/([A-Za-z0-9._-]+)@(.+)/([^/]+)")
_TAG = re.compile(r"[A-Za-z0-9._+-]+(?:/[A-Za-z0-9._+-]+)*")
_ASSET = re.compile(r"[A-Za-z0-9._+-]+")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class GitHubSource(Source):
    """Assets of releases."""

    def identify(self, text: str) -> str:
        owner, repository, tag, asset = _split(text)
        # GitHub ignores the case of owner and repository.
        return f"github:{owner.lower()}/{repository.lower()}@{tag}/{asset}"

    def fetch(self, ref: Ref, destination: Destination) -> LocalFile:
        api = os.environ.get("GITHUB_API_URL", _API).rstrip("/")
        owner, repository, _, name = _split(ref.identity)
        asset, known = _find(ref, destination, api, name)
        return fetch_url(
            f"{api}/repos/{owner}/{repository}/releases/assets/{asset}",
            ref,
            destination,
            headers=_headers("application/octet-stream"),
            sha256=known.sha256,
            size=known.size,
        )


def _split(text: str) -> tuple[str, str, str, str]:
    found = _LOCATOR.fullmatch(text.removeprefix("github:"))
    if not found or not _TAG.fullmatch(found[3]) or not _ASSET.fullmatch(found[4]):
        raise RefError(f"{text!r}: is not like 'github:OWNER/REPOSITORY@TAG/ASSET'")
    if any(part in (".", "..") for part in re.split("[/@]", found[0])):
        raise RefError(f"{text!r}: has a '.' or '..' part")
    return found[1], found[2], found[3], found[4]


def _find(ref: Ref, destination: Destination, api: str, name: str) -> tuple[int, Expected]:
    """The id of an asset, and its size and, since 2025, SHA-256 from the server."""
    from hub import transfer  # slow to import: only needed to fetch files

    owner, repository, tag, _ = _split(ref.identity)
    listing = destination.folder / "release"
    transfer.fetch(
        f"{api}/repos/{owner}/{repository}/releases/tags/{quote(tag)}",
        listing,
        ref=str(ref),
        headers=_headers("application/vnd.github+json"),
    )
    try:
        release: dict[str, Any] = json.loads(listing.read_text(encoding="utf-8"))
        assets = {str(asset["name"]): _asset(asset) for asset in release["assets"]}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FetchError(
            f"{ref}: the answer of {api} is not the description of a release"
        ) from error
    if name not in assets:
        there = ", ".join(sorted(assets)) or "none"
        raise NotFoundError(f"{ref}: the release has no such asset; there are: {there}")
    return assets[name]


def _asset(said: dict[str, Any]) -> tuple[int, Expected]:
    """Parse an asset; ValueError, TypeError or KeyError if it is malformed."""
    digest = _DIGEST.fullmatch(str(said.get("digest")))
    return int(said["id"]), Expected(int(said["size"]), digest[1] if digest else None)


def _headers(accept: str) -> dict[str, str]:
    headers = {"Accept": accept, "X-GitHub-Api-Version": "2022-11-28"}
    if token := os.environ.get("GITHUB_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    return headers
