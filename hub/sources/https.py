"""`https://HOST/PATH`: a file on a web server; `http:` only where the host is this machine."""

from __future__ import annotations

from collections.abc import Mapping

from hub import urls
from hub.refs import Ref
from hub.sources import Place, Received


class HttpsSource:
    """Files that a web server answers with."""

    from_archive = False

    def identify(self, text: str) -> str:
        return urls.canonical(text)

    def fetch(self, ref: Ref, place: Place) -> Received:
        return fetch_url(ref.identity, ref, place)


def fetch_url(
    url: str,
    ref: Ref,
    place: Place,
    *,
    headers: Mapping[str, str] | None = None,
    sha256: str | None = None,
    size: int | None = None,
) -> Received:
    """Bring a URL to a place. `sha256`, or the first digits of it, is what the source knows."""
    from hub import progress, transfer  # costs more than the rest of the hub: only for who fetches

    meter = progress.meter(place.label, place.progress)
    try:
        fetched = transfer.fetch(
            url,
            place.body,
            ref=str(ref),
            headers=headers,
            expected=transfer.Expected(size=size, sha256=place.sha256 or sha256),
            html=ref.filename.lower().endswith((".html", ".htm")),
            meter=meter,
        )
    finally:
        meter.close()
    return Received(fetched.path, fetched.size, fetched.sha256, fetched.source)
