"""Local answers to programs' downloads.

Files of the programs' repositories come from their checkouts, any other text file is a short text,
and the one archive is generated.
"""

from __future__ import annotations

import io
import os
import urllib.request
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

_SENTENCE = "The painter looked at the light on the water, and said nothing of it for a while. "
_VOCABULARY = "LLMs-from-scratch/ch02/02_bonus_bytepair-encoder/gpt2_model"  # of tiktoken
TEXT = _SENTENCE * 260  # as long as the book's training text


class _Answer:
    status_code = 200

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.headers = {"content-length": str(len(content))}

    @property
    def text(self) -> str:
        return self.content.decode()

    def iter_content(self, chunk_size: int = 1 << 16) -> Iterator[bytes]:
        for start in range(0, len(self.content), chunk_size):
            yield self.content[start : start + chunk_size]

    def raise_for_status(self) -> None:
        pass

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Body(io.BytesIO):
    """As urllib gives it."""

    def info(self) -> Message:
        return Message()


def _messages() -> bytes:
    """Short messages, some of them spam, in the archive that a chapter downloads."""
    lines = []
    for i in range(240):
        words = _SENTENCE.split()[i % 7 : i % 7 + 3 + i % 5]
        kind, extra = ("spam", f"WIN {i} CASH now") if i % 3 == 0 else ("ham", f"see you at {i}")
        lines.append(f"{kind}\t{' '.join(words)} {extra}")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("SMSSpamCollection", "\n".join(lines) + "\n")
    return archive.getvalue()


def _checked_out(url: str) -> bytes | None:
    """The file of a repository that the programs' folder has."""
    folder = Path(os.environ.get("BESTIARY_PROGRAMS", ""))
    _, _, below = url.partition("raw.githubusercontent.com/")
    parts = below.split("/", 3)  # owner, repository, branch, path
    path = folder / parts[1] / parts[3] if len(parts) == 4 else folder / _VOCABULARY / _last(url)
    return path.read_bytes() if path.is_file() else None


def _last(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def _content(url: str) -> bytes:
    import requests

    content = _checked_out(url)
    if content is not None:
        return content
    if url.endswith("sms+spam+collection.zip"):
        return _messages()
    if url.endswith(".txt"):
        return TEXT.encode()
    raise requests.exceptions.ConnectionError(f"{url}: there is no network here")


def answer_downloads() -> None:
    import requests

    def get(url: str, *_: Any, **__: Any) -> _Answer:
        return _Answer(_content(url))

    def urlopen(url: Any, *_: Any, **__: Any) -> _Body:
        return _Body(_content(url if isinstance(url, str) else url.full_url))

    requests.get = get
    urllib.request.urlopen = urlopen  # type: ignore[assignment]
