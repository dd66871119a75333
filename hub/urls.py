"""URLs the hub talks to: which ones it accepts, and their one spelling."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from hub.errors import RefError

_DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 3986: reserved and unreserved characters, and '%' as what is escaped already stays so.
_URL_CHARACTERS = "!$%&'()*+,/:;=?@[]~"


def split(text: str) -> SplitResult:
    """Split a URL; RefError if the hub does not talk to such an address.

    That is https to any host and http to this machine, with no name and password in the URL.
    """
    try:
        url = urlsplit(text)
        _ = url.port  # raises ValueError if it is no port
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
    """The URL of a file in one spelling; RefError if it is none.

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
    """Scheme, host and port: what a login is for (RFC 6454).

    >>> origin("https://Example.org/a") == origin("https://example.org:443/b")
    True
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def without_query(url: str) -> str:
    """The URL as it may be shown: signed URLs carry their secrets in the query.

    >>> without_query("https://example.org/a.pth?signature=secret")
    'https://example.org/a.pth'
    """
    return url.partition("?")[0]


def is_loopback(host: str) -> bool:
    """True if a host name means this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("example.org")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_host(host: str) -> bool:
    if ":" in host:  # an address in brackets, which urlsplit has checked
        return True
    return all(c.isalnum() or c in "-._" for c in host)


def _check_path(text: str, path: str) -> None:
    decoded = unquote(path)
    parts = decoded.split("/")
    if "\\" in decoded or not decoded.isprintable() or any(part in (".", "..") for part in parts):
        raise RefError(f"{text!r}: has a backslash, '.', '..' or a control character in its path")
    if not parts[-1]:
        raise RefError(f"{text!r}: names a folder; the URL of a file does not end in '/'")
