"""Sessions of `requests` as transfers need them. To import it takes longer than all of the hub."""

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
    """For `fetch`, with so many connections to a host at a time.

    It takes no cookies and retries nothing by itself; it asks for the file as it is, as a coded
    body would have another length and another hash. Proxies, certificates and ~/.netrc are those
    that `requests` finds in the environment.
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
        """Keep it from following redirects, the bodies of which it would read to their end."""

    def merge_environment_settings(self, url: Any, *given: Any) -> Any:
        """Look at the environment once for each host: it takes a fifth of a small request."""
        host = urls.origin(url)
        if host not in self._settings:
            self._settings[host] = super().merge_environment_settings(url, *given)
        return dict(self._settings[host])


class _Connection(HTTPConnection):
    """One whose wait for an answer ends when the work of its thread is given up."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 does the same
        with cancellation.current().on_cancel(lambda: _hang_up(self.sock)):
            return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with cancellation.current().on_cancel(lambda: _hang_up(self.sock)):
            return super().getresponse()


def _hang_up(connected: socket.socket | None) -> None:
    if connected is not None:
        with contextlib.suppress(OSError):  # it has hung up already
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
        if not proxy.lower().startswith("socks"):  # whose connections are made in another way
            manager.pool_classes_by_scheme = _POOLS
        return manager
