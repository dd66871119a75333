"""The command that serves models to others: serve."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub import urls
from hub.cli.common import format_bytes, print_table
from hub.cli.program import Program
from hub.errors import HubError
from hub.text import format_count

_PORT = 8000
_LAST_PORT = 65535
_EVERYWHERE = ("0.0.0.0", "::")


def register(program: Program) -> None:
    serve = program.add("serve", _serve, json=False)
    serve.add_argument("folder", metavar="DIR", type=Path, help="the folder with the models")
    serve.add_argument("--host", default="127.0.0.1", help="the address to serve at (%(default)s)")
    serve.add_argument("--port", type=_port, default=_PORT, help="0 takes a free one (%(default)s)")
    serve.add_argument(
        "--token-file", metavar="FILE", type=Path, help="one token a line: clients must send one"
    )
    access = serve.add_mutually_exclusive_group()
    access.add_argument("--readonly", action="store_true", help="take no uploads (the default)")
    access.add_argument("--allow-push", action="store_true", help="take uploads")
    serve.add_argument("--quiet", action="store_true", help="log errors only")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"expected 0 to {_LAST_PORT}, got {text!r}")
    return int(text)


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
        row = [snapshot.commit[:12], size, files, snapshot.name]
        print_table([row], right=[1, 2], widths=[12, 9, 11])
    if not count and not options.allow_push:
        raise HubError(f"{options.folder}: holds no DIR/ORG/NAME/ or DIR/NAME/ with files")
    try:
        with server, _clock_in_log():
            _announce(server.url, options)
            server.wait()
    except KeyboardInterrupt:  # Ctrl-C or SIGTERM
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
