"""Commands about files and repositories by reference: download, info and path."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from hub import api
from hub.cli.common import (
    add_offline,
    add_patterns,
    add_quiet,
    format_bytes,
    print_json,
    print_table,
)
from hub.cli.program import ERROR, Program
from hub.errors import RefError
from hub.refs import Ref
from hub.repos.repo_id import is_repository
from hub.sources import parse
from hub.text import format_count
from hub.transfer.speed import parse_rate, set_limit


def register(program: Program) -> None:
    download = program.add("download", _download)
    download.add_argument("refs", metavar="REF", nargs="+", help="what to download")
    download.add_argument("--sha256", metavar="HEX", help="accept these bytes only (one file)")
    add_patterns(download)
    download.add_argument("--revision", metavar="REV", help="branch, tag or commit (default: main)")
    download.add_argument(
        "--local-dir", metavar="DIR", type=Path, help="of a repository: plain files in this folder"
    )
    download.add_argument("--dry-run", action="store_true", help="say what would be fetched")
    add_offline(download)
    download.add_argument(
        "--limit-rate", metavar="RATE", help="bytes per second for all of it, like 500k or 2M"
    )
    add_quiet(download)

    info = program.add("info", _info)
    info.add_argument("ref", metavar="REF", help="what to describe")

    path = program.add("path", _path)
    path.add_argument("ref", metavar="REF", help="the file or repository to look for")


def _download(options: argparse.Namespace) -> int:
    """Download files and repositories that are not cached yet and print their paths.

    examples:
      hub download hf:org/name/config.json
      hub download hf:org/name --include '*.safetensors' --include '*.json' --dry-run
      hub download hf:org/name@v1.0 --exclude 'onnx/' --local-dir model
      hub download https://example.org/weights.safetensors --sha256 HEX
    """
    if options.sha256 and len(options.refs) > 1:
        raise RefError(f"--sha256 pins one file, not {len(options.refs)}")
    parsed = [parse(text) for text in options.refs]
    for ref in parsed:
        _check_options(ref, options)
    if options.dry_run:
        return _dry_run(parsed, options)
    if options.limit_rate:
        set_limit(parse_rate(options.limit_rate))
    files = [ref.pinned(options.sha256) for ref in parsed if not is_repository(ref)]
    paths = iter(api.download_all(files, offline=options.offline, progress=options.progress))
    found = []
    for ref in parsed:
        if not is_repository(ref):
            path = next(paths)
        else:
            path = api.snapshot(
                ref,
                include=options.include,
                exclude=options.exclude,
                revision=options.revision,
                local_dir=options.local_dir,
                offline=options.offline,
                progress=options.progress,
            )
        found.append({"ref": str(ref), "path": path})
        if not options.json:
            print(path)
    if options.json:
        print_json(found)
    return 0


def _check_options(ref: Ref, options: argparse.Namespace) -> None:
    """Refuse options that do not apply to this reference."""
    if is_repository(ref):
        if options.sha256:
            raise RefError(f"{ref}: is a repository; --sha256 pins a file, `hub lock` repositories")
        return
    for name in ("include", "exclude", "revision", "local_dir", "dry_run"):
        if getattr(options, name):
            option = "--" + name.replace("_", "-")
            raise RefError(f"{ref}: is a file; {option} is for repositories, like 'hf:org/name'")


def _dry_run(parsed: list[Ref], options: argparse.Namespace) -> int:
    plans = [
        api.plan(
            ref,
            include=options.include,
            exclude=options.exclude,
            revision=options.revision,
            offline=options.offline,
        )
        for ref in parsed
    ]
    if options.json:
        print_json([{**asdict(plan), "to_fetch": plan.to_fetch} for plan in plans])
        return 0
    for plan in plans:
        rows = [
            ["here" if file.is_here else "fetch", format_bytes(file.size), file.path]
            for file in plan.files
        ]
        print_table(rows, right=[1])
        print(
            f"{plan.ref}: commit {plan.commit}, {format_count(len(plan.files), 'file')}, "
            f"{format_bytes(plan.size)}, of which {format_bytes(plan.to_fetch)} to fetch"
        )
    return 0


def _info(options: argparse.Namespace) -> int:
    """Describe a file or a repository, without fetching it.

    The exit status is 1 if it is not on this machine.

    examples:
      hub info hf:org/name
      hub info pypi:some-model==1.0/some_model/weights.pth --json
    """
    found = api.info(options.ref)
    status = 0 if found.path else ERROR
    if options.json:
        print_json(asdict(found))
        return status
    rows = {
        "reference": found.ref,
        "kind": found.kind,
        "path": found.path or "not on this machine",
        "commit": found.commit,
        "files": found.files,
        "size": found.size and f"{found.size:,} bytes",
        "sha256": found.sha256,
        "source": found.source,
        "archive": found.archive_sha256 and f"sha256 {found.archive_sha256}",
        "fetched": found.fetched,
        "license": found.license,
        "tensors": found.tensors and f"{found.tensors:,} with {found.elements:,} elements",
        "contents": found.unreadable and f"cannot be read: {found.unreadable}",
    }
    print_table([[name, str(value)] for name, value in rows.items() if value is not None])
    return status


def _path(options: argparse.Namespace) -> int:
    """Print the path of a cached file or repository; fails if it is not cached.

    examples:
      cat "$(hub path hf:org/name/config.json)"
      ls "$(hub path hf:org/name)"
    """
    found = api.path(options.ref)
    if options.json:
        print_json({"ref": options.ref, "path": found})
    else:
        print(found)
    return 0
