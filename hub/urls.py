"""Validation and canonical form of URLs."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from hub.errors import RefError

_DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 3986: reserved and unreserved characters, and '%', so that escapes are preserved.
_URL_CHARACTERS = "!$%&'()*+,/:;=?@[]~"


def split(text: str) -> SplitResult:
    """Split a URL; RefError if the hub does not accept it.

    Accepted are https to any host and http to this machine, without name and password.
    """
    try:
        url = urlsplit(text)
        _ = url.port  # raises ValueError if it is not a port
    except ValueError as error:
        raise RefError(f"{text!r}: is not a URL: {error}") from None
    host = url.hostname
    if url.scheme not in _DEFAULT_PORTS or not host or not _is_host(host):
        raise RefError(f"{text!r}: is not a URL like 'https://host/path'")
    if "@" in url.netloc:
        raise RefError(f"{host}: leave name and password out of the URL; ~/.netrc is where they go")
    if url.scheme == "http" and not is_loopback(host):
        raise RefError(f"{text!r}: plain http is only for this machine; write 'https:'")
    return url


def canonical(text: str) -> str:
    """The canonical URL of a file; RefError if it is invalid.

    >>> canonical("https://Example.org:443/a b.pth")
    'https://example.org/a%20b.pth'
    """
    url = split(text)
    if "#" in text:
        raise RefError(f"{text!r}: '#' starts a pin, #sha256=HEX, and this is another fragment")
    _check_path(text, url.path)
    host = url.hostname or ""
    netloc = f"[{host}]" if ":" in host else host
    if url.port is not None and url.port != _DEFAULT_PORTS[url.scheme]:
        netloc += f":{url.port}"
    path, query = (quote(part, safe=_URL_CHARACTERS) for part in (url.path, url.query))
    return urlunsplit((url.scheme, netloc, path, query, ""))


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: the scope of a login (RFC 6454).

    >>> origin("https://Example.org/a") == origin("https://example.org:443/b")
    True
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def without_query(url: str) -> str:
    """The URL without its query, for display: signed URLs have secrets in the query.

    >>> without_query("https://example.org/a.pth?signature=secret")
    'https://example.org/a.pth'
    """
    return url.partition("?")[0]


def is_loopback(host: str) -> bool:
    """True if a host name is a loopback address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("example.org")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_host(host: str) -> bool:
    if ":" in host:  # an address in brackets, checked by urlsplit
        return True
    return all(c.isalnum() or c in "-._" for c in host)


def _check_path(text: str, path: str) -> None:
    decoded = unquote(path)
    parts = decoded.split("/")
    if "\\" in decoded or not decoded.isprintable() or any(part in (".", "..") for part in parts):
        raise RefError(f"{text!r}: has a backslash, '.', '..' or a control character in its path")
    if not parts[-1]:
        raise RefError(f"{text!r}: names a folder; the URL of a file does not end in '/'")
