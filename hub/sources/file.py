"""`file:PATH`: a file on this machine.

The path is literal, relative to the working directory, with `~` expanded. `file://` starts a URL
(RFC 8089), as written by `pathlib.Path.as_uri`, and is percent-decoded.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hub.errors import NotFoundError, RefError
from hub.refs import Ref, check_text
from hub.sources import Source


class FileSource(Source):
    """Files that the user names by path."""

    cache = "none"

    def identify(self, text: str) -> str:
        path = text.removeprefix("file:")
        if path.startswith("//"):
            path = _url_path(text)
        if "#sha256=" in path or "#archive-sha256=" in path:
            raise RefError(f"{text!r}: holds more than one pin")
        path = os.path.abspath(os.path.expanduser(path))
        # POSIX allows two leading slashes in a path; here they would start a URL.
        return "file:/" + path.lstrip("/")

    def locate(self, ref: Ref) -> Path:
        path = Path(ref.locator)
        if not os.path.isfile(path):  # unlike Path.is_file, never raises
            what = "is a folder, not a file" if os.path.isdir(path) else "there is no such file"
            raise NotFoundError(f"{ref}: {what}")
        return path


def _url_path(text: str) -> str:
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise RefError(f"{text!r}: is not a file URL: {error}") from None
    if url.netloc not in ("", "localhost") or url.query or not url.path.strip("/"):
        raise RefError(f"{text!r}: is not a file URL of this machine, like 'file:///folder/name'")
    # A fragment is not part of the path: as_uri writes %23.
    if url.fragment:
        raise RefError(f"{text!r}: '#{url.fragment}' is not a pin, #sha256=HEX")
    path = unquote(url.path)
    check_text(path)
    return path
