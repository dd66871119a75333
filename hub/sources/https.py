"""`https://HOST/PATH`: a file on a web server; `http:` only where the host is this machine."""

from __future__ import annotations

from hub import urls
from hub.refs import Ref
from hub.sink import Sink
from hub.sources import Provenance
from hub.transfer import download


class HttpsSource:
    """Files that a web server answers with."""

    from_archive = False

    def identify(self, text: str) -> str:
        return urls.canonical(text)

    def fetch(self, ref: Ref, sink: Sink) -> Provenance:
        return Provenance(source=download(ref, ref.identity, sink))
