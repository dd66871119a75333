"""Commands about lock files: lock and sync."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.common import (
    add_offline,
    add_patterns,
    add_quiet,
    format_bytes,
    print_json,
    print_table,
)
from hub.cli.program import Program
from hub.text import format_count

if TYPE_CHECKING:
    from hub.lockfile.format import Entry


def register(program: Program) -> None:
    lock = program.add("lock", _lock)
    lock.add_argument("file", metavar="LOCKFILE", type=Path, help="the lock file to write")
    lock.add_argument("refs", metavar="REF", nargs="*", help="what to lock (default: as it is)")
    add_patterns(lock)
    sync = program.add("sync", _sync)
    sync.add_argument("file", metavar="LOCKFILE", type=Path, help="the lock file to follow")
    for command in (lock, sync):
        add_offline(command)
        add_quiet(command)


def _lock(options: argparse.Namespace) -> int:
    """Write a lock file: commit, path, size and SHA-256 of every file that a program loads.

    Without REF, the references of the lock file are resolved again, with their patterns. A program
    runs under it with BESTIARY_LOCK=LOCKFILE, or `with hub.locked("LOCKFILE"):`.

    examples:
      hub lock app.lock hf:org/name pypi:some-model==1.0/some_model/weights.pth
      hub lock app.lock hf:org/name --include '*.safetensors' --include '*.json'
      hub lock app.lock
    """
    from hub.lockfile import lock_sync

    written = lock_sync.lock(
        options.file,
        options.refs,
        include=options.include,
        exclude=options.exclude,
        offline=options.offline,
        progress=options.progress,
    )
    if options.json:
        print_json(
            {"file": written.path, "entries": [_as_json(entry) for entry in written.entries]}
        )
        return 0
    rows = [
        [format_bytes(entry.size), f"{len(entry.files) or 1}", (entry.commit or "")[:12], entry.ref]
        for entry in written.entries
    ]
    print_table(rows, right=[0, 1])
    total = sum(entry.size for entry in written.entries)
    print(
        f"{written.path}: {format_count(len(written.entries), 'reference')}, {format_bytes(total)}"
    )
    return 0


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "ref": entry.ref,
        "commit": entry.commit,
        "files": len(entry.files) or 1,
        "size": entry.size,
    }


def _sync(options: argparse.Namespace) -> int:
    """Fetch and verify all files of a lock file, for work offline.

    examples:
      hub sync app.lock
      hub sync app.lock --offline        # fetch nothing, only verify
    """
    from hub.lockfile import lock_sync

    done = lock_sync.sync(options.file, offline=options.offline, progress=options.progress)
    if options.json:
        print_json([asdict(synced) for synced in done])
        return 0
    rows = [
        [
            f"{format_bytes(synced.fetched)} fetched" if synced.fetched else "here",
            format_bytes(synced.size),
            f"{synced.files}",
            synced.ref,
        ]
        for synced in done
    ]
    print_table(rows, right=[1, 2])
    fetched = sum(synced.fetched for synced in done)
    total = sum(synced.size for synced in done)
    print(f"{format_bytes(total)} verified, of which {format_bytes(fetched)} fetched")
    return 0
