"""Server of a directory of models, for the clients of the public hub.

    with Server("models") as server:
        os.environ["HF_ENDPOINT"] = server.url

`hub.server.store` documents the layout of the directory. Tokens and permission to write are fixed
when the server is created; nothing outside the directory is reachable, and no hidden file in it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.errors import HubError
from hub.server.auth import Guard
from hub.server.connection import ConnectionServer
from hub.server.downloads import Downloads
from hub.server.http import Limits
from hub.server.publishing import Publisher
from hub.server.routes import Routes
from hub.server.store import Store
from hub.server.uploads import Uploads

__all__ = ["Limits", "Server", "Store"]


class Server:
    """Serves the repositories in a folder during a `with` block.

    `port` 0 selects a free one. With `tokens`, every request must carry one of them. `allow_push`
    accepts uploads. Raises HubError if the folder does not exist or the address cannot be used.

    >>> import tempfile, urllib.request
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "org" / "model").mkdir(parents=True)
    >>> _ = (folder / "org" / "model" / "config.json").write_text("{}")
    >>> with Server(folder) as server:
    ...     urllib.request.urlopen(f"{server.url}/org/model/resolve/main/config.json").read()
    b'{}'
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tokens: Iterable[str] = (),
        allow_push: bool = False,
        limits: Limits | None = None,
    ) -> None:
        path = Path(folder)
        if not path.is_dir():
            raise HubError(f"{path}: there is no such folder to serve")
        self.store = Store(path)
        guard = Guard(tokens)
        downloads = Downloads(self.store)
        uploads = Uploads(downloads, Publisher(self.store), guard, allow_push)
        routes = Routes(guard, downloads, uploads)
        try:
            self._server = ConnectionServer((host, port), routes, limits or Limits())
        except (OSError, OverflowError) as error:  # OverflowError: a port beyond 65535
            reason = error.strerror if isinstance(error, OSError) else error
            raise HubError(f"{host}:{port}: cannot be served at: {reason}") from error
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._server.server_address[1]}"
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        if self._thread is not None:
            self._thread.join()

    def wait(self) -> None:
        """Wait, inside the `with` block, until the process is interrupted."""
        if self._thread is not None:
            self._thread.join()
