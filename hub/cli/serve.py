"""The command that serves models to others: serve."""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub import urls
from hub.cli.common import Commands, format_bytes
from hub.errors import HubError
from hub.wording import format_count

_PORT = 8000
_EVERYWHERE = ("0.0.0.0", "::")


def register(commands: Commands) -> None:
    serve = commands.add("serve", _serve)
    serve.add_argument("folder", metavar="DIR", type=Path, help="the folder with the models")
    serve.add_argument("--host", default="127.0.0.1", help="the address to serve at (%(default)s)")
    serve.add_argument("--port", type=int, default=_PORT, help="0 takes a free one (%(default)s)")
    serve.add_argument(
        "--token-file", metavar="FILE", type=Path, help="one token a line: clients must send one"
    )
    access = serve.add_mutually_exclusive_group()
    access.add_argument("--readonly", action="store_true", help="take no uploads (the default)")
    access.add_argument("--allow-push", action="store_true", help="take uploads")
    serve.add_argument("--quiet", action="store_true", help="log errors only")


def _serve(options: argparse.Namespace) -> int:
    """Serve a folder of models to the clients of the public hub.

    A folder DIR/ORG/NAME is the repository ORG/NAME, one DIR/ORG/NAME@REV its revision REV.
    Clients need no change but the environment variable HF_ENDPOINT.

    examples:
      hub serve models
      hub serve models --host 0.0.0.0 --port 8000 --token-file tokens --allow-push
    """
    from hub.server import Server
    from hub.server.auth import read_tokens

    tokens = read_tokens(options.token_file) if options.token_file else []
    if options.allow_push and not tokens and not urls.is_loopback(options.host):
        raise HubError(
            f"--allow-push: whoever reaches {options.host} could write; give a --token-file"
        )
    server = Server(
        options.folder,
        host=options.host,
        port=options.port,
        tokens=tokens,
        allow_push=options.allow_push,
    )
    count = 0
    for snapshot in server.store.read_all():
        count += 1
        entries = snapshot.tree.entries.values()
        size = format_bytes(sum(entry.size for entry in entries))
        files = format_count(len(entries), "file")
        print(f"{snapshot.commit[:12]}  {size:>9}  {files:>11}  {snapshot.name}")
    if not count and not options.allow_push:
        raise HubError(f"{options.folder}: holds no DIR/ORG/NAME/ or DIR/NAME/ with files")
    with server, _clock_in_log():
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
        _announce(server.url, options)
        try:
            server.wait()
        except KeyboardInterrupt:
            print("stopped")
    return 0


@contextmanager
def _clock_in_log() -> Iterator[None]:
    """Log requests with the time of day, while the server runs."""
    log = logging.getLogger("hub.server")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = True


def _announce(url: str, options: argparse.Namespace) -> None:
    for everywhere in _EVERYWHERE:
        if options.host == everywhere:
            url = f"http://{socket.gethostname()}:{url.rpartition(':')[2]}"
    print(f"serving {options.folder} at {url}; Ctrl-C stops it; clients need:")
    print(f"  export HF_ENDPOINT={url}")
    if options.allow_push:
        print("  export HF_HUB_DISABLE_XET=1  # to upload")
    if options.token_file:
        print("  export HF_TOKEN=...  # a line of the token file")
    sys.stdout.flush()
