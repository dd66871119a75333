"""Commands about what is cached: ls, verify and rm."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from hub import api
from hub.cache import home
from hub.cli.common import Commands, format_bytes, print_json


def register(commands: Commands) -> None:
    ls = commands.add("ls", _ls)
    ls.add_argument("--json", action="store_true", help="print JSON")

    verify = commands.add("verify", _verify)
    verify.add_argument("refs", metavar="REF", nargs="*", help="which files (default: all)")
    verify.add_argument("--json", action="store_true", help="print JSON")

    rm = commands.add("rm", _rm)
    rm.add_argument("refs", metavar="REF", nargs="+", help="what to remove")


def _ls(options: argparse.Namespace) -> int:
    """List the cached files."""
    records = api.ls()
    if options.json:
        print_json([asdict(record) for record in records])
        return 0
    for record in records:
        fetched = record.fetched[:10]
        print(f"{record.sha256[:12]}  {format_bytes(record.size):>9}  {fetched}  {record.ref}")
    unique = {record.sha256: record.size for record in records}
    files = "file" if len(records) == 1 else "files"
    print(f"{len(records)} {files}, {format_bytes(sum(unique.values()))} in {home()}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Hash cached files again and compare them with their records."""
    checks = [check for ref in options.refs or [None] for check in api.verify(ref)]
    if options.json:
        print_json([{**asdict(check), "ok": check.ok} for check in checks])
    else:
        for check in checks:
            damage = f": expected {check.expected}, got {check.got or 'no file'}"
            print(f"{'ok ' if check.ok else 'BAD'}  {check.ref}{'' if check.ok else damage}")
    return 0 if all(check.ok for check in checks) else 1


def _rm(options: argparse.Namespace) -> int:
    """Remove files from the cache."""
    for ref in options.refs:
        print(f"removed {ref}: {format_bytes(api.rm(ref))} freed")
    return 0
