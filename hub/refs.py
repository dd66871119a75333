"""References: one line of text that names a file and its source.

    builtin:NAME                            a file shipped with the zoo
    file:PATH                               a file on this machine
    github:OWNER/REPOSITORY@TAG/ASSET       a file attached to a release on GitHub
    hf:ORG/NAME[@REVISION][/PATH]           a repository of the Hugging Face Hub, or a file of it
    https://HOST/PATH                       a file on a web server (http: for this machine only)
    pypi:NAME==VERSION/PATH                 a file inside a wheel of a Python package index
    s3://BUCKET/KEY                         a file in an object store; also gs:, az:, and
    fsspec:SCHEME://PATH                    any other store of the library fsspec
    torch:NAME or torch:URL                 a file with digits of its SHA-256 in its name

Other packages may add sources (`hub.sources`).

Any of them may end in `#sha256=HEX`, which pins the bytes of the file. A file in an archive may
also pin the archive, `#archive-sha256=HEX`; two pins are joined by `&`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote

from hub.errors import RefError

MAX_LENGTH = 4096  # characters
_MAX_NAME = 120  # characters of a file name in the cache
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PINS = re.compile(r"#((?:archive-)?sha256=[^#]*)$")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Ref:
    """A reference as returned by `hub.sources.parse`: `identity` without pins, and the pins of its
    bytes.

    `str(ref)` is the canonical spelling: parsing it gives an equal reference.
    """

    identity: str
    sha256: str | None = None
    archive_sha256: str | None = None

    @property
    def kind(self) -> str:
        """The name of its source: the part before the first colon."""
        return self.identity.partition(":")[0]

    @property
    def locator(self) -> str:
        """The part after the first colon, which the source resolves."""
        return self.identity.partition(":")[2]

    @property
    def filename(self) -> str:
        """A file name that is safe on any system: unusual characters are replaced."""
        last = unquote(self.identity.partition("?")[0].rpartition("/")[2].rpartition(":")[2])
        name = re.sub(r"[^A-Za-z0-9._+=-]", "_", last)[-_MAX_NAME:]
        return name if name.strip(".") else "file"

    def pinned(self, sha256: str | None) -> Ref:
        """The same reference with a pin; RefError if it is pinned to other bytes."""
        if sha256 is None:
            return self
        digest = check_sha256(str(self), sha256)
        if self.sha256 not in (None, digest):
            raise RefError(f"{self}: is pinned to other bytes than the argument sha256={digest}")
        return replace(self, sha256=digest)

    def __str__(self) -> str:
        pins = {"sha256": self.sha256, "archive-sha256": self.archive_sha256}
        fragment = "&".join(f"{name}={digest}" for name, digest in pins.items() if digest)
        return f"{self.identity}#{fragment}" if fragment else self.identity


def check_text(text: str) -> None:
    """Refuse control characters, lone surrogates and excess length."""
    if len(text) > MAX_LENGTH:
        raise RefError(f"{text[:60]!r}...: is longer than {MAX_LENGTH} characters")
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise RefError(f"{text!r}: contains a control character or half of a surrogate pair")


def check_sha256(ref: str, digest: str) -> str:
    """The digest in lower case; RefError if it is not 64 hexadecimal digits."""
    lowered = digest.lower()
    if not _SHA256.fullmatch(lowered):
        raise RefError(f"{ref}: a SHA-256 is 64 hexadecimal digits, not {digest!r}")
    return lowered


def check_member(ref: str, path: str) -> str:
    """The path of a file inside an archive or folder; RefError if it could escape from it."""
    if "\\" in path or _DRIVE.match(path):
        raise RefError(f"{ref}: the path {path!r} is not a relative path with forward slashes")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise RefError(f"{ref}: the path {path!r} has an empty, '.' or '..' part")
    if "#sha256=" in path or "#archive-sha256=" in path:
        raise RefError(f"{ref}: holds a pin, #sha256=HEX, in the middle of {path!r}")
    return path


def split_pins(text: str) -> tuple[str, dict[str, str]]:
    """A reference without its pins, and the pins by name; RefError if one is malformed."""
    found = _PINS.search(text)
    if not found:
        return text, {}
    pins: dict[str, str] = {}
    for pin in found[1].split("&"):
        name, _, digest = pin.partition("=")
        if name not in ("sha256", "archive-sha256") or name in pins:
            raise RefError(f"{text!r}: {pin!r} is not one sha256=HEX or one archive-sha256=HEX")
        pins[name] = check_sha256(repr(text), digest)
    return text[: found.start()], pins
