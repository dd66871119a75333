"""Local answers to programs' downloads: a short text for any text file."""

from __future__ import annotations

import io
import urllib.request
from typing import Any

_SENTENCE = "The painter looked at the light on the water, and said nothing of it for a while. "
TEXT = _SENTENCE * 260  # as long as the book's training text


class _Answer:
    status_code = 200
    text = TEXT
    content = TEXT.encode()

    def raise_for_status(self) -> None:
        pass


def answer_downloads() -> None:
    import requests

    def get(url: str, **_: Any) -> _Answer:
        if not url.endswith(".txt"):
            raise requests.exceptions.ConnectionError(f"{url}: only text files are answered here")
        return _Answer()

    def urlopen(url: str, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO(get(url).content)

    requests.get = get
    urllib.request.urlopen = urlopen  # type: ignore[assignment]
