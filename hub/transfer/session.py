"""Sessions of `requests` for transfers. Importing it takes longer than importing the hub."""

from __future__ import annotations

import contextlib
import socket
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests import Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from hub import cancellation, urls

_USER_AGENT = "bestiary-hub"


class Session(requests.Session):
    """A session for `fetch` with a limited number of connections per host.

    It stores no cookies and does not retry; it requests the identity encoding, as an encoded body
    would have another length and hash. Proxies, certificates and ~/.netrc are read from the
    environment by `requests`.
    """

    def __init__(self, connections: int) -> None:
        super().__init__()
        self._settings: dict[object, Any] = {}
        self.headers.update({"Accept-Encoding": "identity", "User-Agent": _USER_AGENT})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_maxsize=connections)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def get_redirect_target(self, resp: Response) -> None:
        """Disable redirects, whose bodies `requests` would read to the end."""

    def merge_environment_settings(self, url: Any, *given: Any) -> Any:
        """Read the environment once per host, as that takes a fifth of a small request."""
        host = urls.origin(url)
        if host not in self._settings:
            self._settings[host] = super().merge_environment_settings(url, *given)
        return dict(self._settings[host])


class _Connection(HTTPConnection):
    """A connection whose wait for a response ends on cancellation."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 does the same
        with cancellation.current().on_cancel(lambda: _hang_up(self.sock)):
            return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with cancellation.current().on_cancel(lambda: _hang_up(self.sock)):
            return super().getresponse()


def _hang_up(connected: socket.socket | None) -> None:
    if connected is not None:
        with contextlib.suppress(OSError):  # closed already
            connected.shutdown(socket.SHUT_RDWR)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):  # SOCKS uses other connections
            manager.pool_classes_by_scheme = _POOLS
        return manager
