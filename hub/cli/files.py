"""Commands about files that are asked for: download, info and path."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from hub import api
from hub.cli.common import Commands, print_json
from hub.errors import RefError


def register(commands: Commands) -> None:
    download = commands.add("download", _download)
    download.add_argument("refs", metavar="REF", nargs="+", help="what to download")
    download.add_argument("--sha256", metavar="HEX", help="accept these bytes only (one REF)")
    download.add_argument("--offline", action="store_true", default=None, help="never fetch")
    download.add_argument("--quiet", action="store_true", help="draw no progress bar")

    info = commands.add("info", _info)
    info.add_argument("ref", metavar="REF", help="the file to describe")
    info.add_argument("--json", action="store_true", help="print JSON")

    path = commands.add("path", _path)
    path.add_argument("ref", metavar="REF", help="the file to look for")


def _download(options: argparse.Namespace) -> int:
    """Download files that are not here yet and print where they lie."""
    if options.sha256 and len(options.refs) > 1:
        raise RefError(f"--sha256 pins one file, and {len(options.refs)} were named")
    progress = False if options.quiet else None
    for ref in options.refs:
        print(api.download(ref, options.sha256, offline=options.offline, progress=progress))
    return 0


def _info(options: argparse.Namespace) -> int:
    """Say what is known of a file, without fetching it."""
    found = api.info(options.ref)
    if options.json:
        print_json(asdict(found))
        return 0
    rows = {
        "reference": found.ref,
        "kind": found.kind,
        "path": found.path or "not on this machine",
        "size": found.size and f"{found.size:,} bytes",
        "sha256": found.sha256,
        "source": found.source,
        "archive": found.archive_sha256 and f"sha256 {found.archive_sha256}",
        "fetched": found.fetched,
        "licence": found.license,
        "tensors": found.tensors and f"{found.tensors:,} with {found.elements:,} elements",
        "contents": found.unreadable and f"cannot be read: {found.unreadable}",
    }
    for name, value in rows.items():
        if value is not None:
            print(f"{name:<10} {value}")
    return 0


def _path(options: argparse.Namespace) -> int:
    """Print where a cached file lies; fails if it is not cached."""
    print(api.path(options.ref))
    return 0
