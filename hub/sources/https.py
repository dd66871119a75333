"""`https://HOST/PATH`: a file on a web server; `http:` only if the host is this machine."""

from __future__ import annotations

from collections.abc import Mapping

from hub import urls
from hub.file_info import LocalFile
from hub.refs import Ref
from hub.sources import Destination, Source


class HttpsSource(Source):
    """Files on web servers."""

    def identify(self, text: str) -> str:
        return urls.canonical(text)

    def fetch(self, ref: Ref, destination: Destination) -> LocalFile:
        return fetch_url(ref.identity, ref, destination)


def fetch_url(
    url: str,
    ref: Ref,
    destination: Destination,
    *,
    headers: Mapping[str, str] | None = None,
    sha256: str | None = None,
    size: int | None = None,
) -> LocalFile:
    """Fetch a URL. `sha256` is the hash known to the source, or its first digits."""
    from hub import progress, transfer  # slow to import: only needed to fetch files

    meter = progress.meter(destination.label, destination.progress)
    try:
        return transfer.fetch(
            url,
            destination.body,
            ref=str(ref),
            headers=headers,
            expected=transfer.Expected(size=size, sha256=destination.sha256 or sha256),
            html=ref.filename.lower().endswith((".html", ".htm")),
            meter=meter,
        )
    finally:
        meter.close()
