"""Commands that copy models to a server: mirror and push."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from hub.cli.common import add_patterns, add_quiet, format_bytes, print_json, print_table
from hub.cli.program import Program
from hub.errors import HubError
from hub.text import format_count


def register(program: Program) -> None:
    mirror = program.add("mirror", _mirror)
    mirror.add_argument("refs", metavar="REF", nargs="+", help="models, like hf:org/name")
    mirror.add_argument("folder", metavar="DIR", type=Path, help="the folder that is served")
    add_patterns(mirror)
    add_quiet(mirror)

    push = program.add("push", _push)
    push.add_argument("folder", metavar="DIR", type=Path, help="the folder with the files")
    push.add_argument("repository", metavar="REPO", help="where they go: ORG/NAME")
    push.add_argument("--endpoint", metavar="URL", help="the server (default: $HF_ENDPOINT)")
    push.add_argument("--revision", metavar="REV", default="main", help="the branch (%(default)s)")
    push.add_argument("--message", metavar="TEXT", default="Upload with bestiary", help="why")
    push.add_argument("--private", action="store_true", help="make a new repository private")
    push.add_argument("--license", metavar="SPDX", help="for the model card, as in 'apache-2.0'")
    push.add_argument("--library", metavar="NAME", help="for the model card")
    push.add_argument("--tag", metavar="TAG", action="append", default=[], help="for the card")
    push.add_argument(
        "--metric", metavar="NAME=VALUE", action="append", default=[], help="for the card"
    )
    add_patterns(push)
    push.add_argument("--dry-run", action="store_true", help="say what would be uploaded")


def _mirror(options: argparse.Namespace) -> int:
    """Mirror models of the public hub into a folder that is served.

    Every file is verified. Existing files are not fetched again, and an interrupted run is
    resumed.

    examples:
      hub mirror hf:org/name models
      hub mirror hf:org/name hf:org/other@v1.0 models --exclude '*.bin'
    """
    from hub.server.mirroring import mirror

    options.folder.mkdir(parents=True, exist_ok=True)
    found = []
    for ref in options.refs:
        done = mirror(
            ref,
            options.folder,
            include=options.include,
            exclude=options.exclude,
            progress=options.progress,
        )
        found.append(done)
        if not options.json:
            state = "updated" if done.changed else "unchanged"
            size, files = format_bytes(done.size), format_count(done.files, "file")
            row = [done.commit[:12], size, files, f"{done.ref}  {state}"]
            print_table([row], right=[1, 2], widths=[12, 9, 11])
    if options.json:
        print_json([asdict(done) for done in found])
    return 0


def _push(options: argparse.Namespace) -> int:
    """Upload a folder to a repository, of the public hub or of `hub serve --allow-push`.

    A folder without a README.md gets a model card that lists the files and their SHA-256. After the
    upload the server's hashes are compared.

    examples:
      hub push model/ org/name --license apache-2.0 --tag vision --metric accuracy=0.98
      hub push model/ org/name --endpoint http://localhost:8000 --dry-run
    """
    from hub.model_cards import Card
    from hub.push import push

    card = Card(
        options.repository.rpartition("/")[2],
        license=options.license,
        library=options.library,
        tags=tuple(options.tag),
        metrics=dict(map(_metric, options.metric)),
    )
    done = push(
        options.folder,
        options.repository,
        card=card,
        message=options.message,
        revision=options.revision,
        private=options.private,
        include=options.include,
        exclude=options.exclude,
        endpoint=options.endpoint,
        dry_run=options.dry_run,
    )
    if options.json:
        files = [
            {"path": path, "size": file.size, "sha256": file.sha256}
            for path, file in done.files.items()
        ]
        print_json({**asdict(done), "files": files})
        return 0
    rows = [[file.sha256[:12], format_bytes(file.size), p] for p, file in done.files.items()]
    if done.card is not None:
        rows.append(["generated", format_bytes(len(done.card.encode())), "README.md"])
    print_table(rows, right=[1])
    verb = "would be uploaded" if done.commit is None else f"commit {done.commit}, uploaded"
    print(f"{format_count(len(done.files), 'file')} {verb} to {done.url}")
    return 0


def _metric(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise HubError(f"--metric {text!r}: expected NAME=NUMBER") from None
