"""Commands about what is cached: ls, du, verify, rm, gc, move, export and import."""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

from hub import api
from hub.caches import Item, size_on_disk
from hub.cli.common import add_quiet, format_bytes, print_json, print_table
from hub.cli.program import Program
from hub.errors import NotFoundError, RefError
from hub.hub_cache import home
from hub.maintenance.filters import Filter, parse_age, parse_size
from hub.refs import Ref
from hub.sources import parse
from hub.text import format_count


def register(program: Program) -> None:
    ls = program.add("ls", _ls)
    du = program.add("du", _du)
    verify = program.add("verify", _verify)
    verify.add_argument("refs", metavar="REF", nargs="*", help="which items (default: all)")
    rm = program.add("rm", _rm)
    rm.add_argument("refs", metavar="REF", nargs="*", help="what to remove")
    export = program.add("export", _export)
    export.add_argument("file", metavar="FILE", type=Path, help="the archive to write")
    export.add_argument("refs", metavar="REF", nargs="*", help="which items (default: all)")
    for command in (ls, du, verify, rm, export):
        _add_filters(command)

    gc = program.add("gc", _gc)
    gc.add_argument(
        "--grace", metavar="AGE", default="1d", help="leave what is younger alone (default: 1d)"
    )
    move = program.add("move", _move)
    move.add_argument("folder", metavar="DIR", type=Path, help="the new folder")
    move.add_argument(
        "--cache", choices=["hub", "hf"], default="hub", help="which cache (default: hub)"
    )
    imports = program.add("import", _import)
    imports.add_argument("file", metavar="FILE", type=Path, help="the archive to read")
    for command in (rm, gc):
        command.add_argument("--dry-run", action="store_true", help="remove nothing")
    for command in (export, imports, move):
        add_quiet(command)


def _ls(options: argparse.Namespace) -> int:
    """List what is cached: files, and the commits of repositories.

    examples:
      hub ls
      hub ls --larger 1GB --unused 30d --kind hf
      hub ls --match 'hf:org/*' --json
    """
    items = api.ls(_filter(options))
    if options.json:
        print_json([item.to_json() for item in items])
        return 0
    rows = [
        [
            format_bytes(item.size),
            str(item.files),
            _date(item.fetched),
            _date(item.used),
            (item.sha256 or item.commit or "")[:12],
            item.ref,
        ]
        for item in items
    ]
    print_table([["size", "files", "fetched", "used", "hash", "reference"], *rows], right=[0, 1])
    print(f"{format_count(len(items), 'item')}, {format_bytes(size_on_disk(items))}")
    return 0


def _du(options: argparse.Namespace) -> int:
    """Sum up the disk usage of the caches, by kind and by owner.

    examples:
      hub du
      hub du --kind hf --json
    """
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in api.ls(_filter(options)):
        groups[_group(item)].append(item)
    sizes = {group: size_on_disk(items) for group, items in groups.items()}
    ordered = sorted(groups, key=lambda group: -sizes[group])
    if options.json:
        print_json([{"group": g, "size": sizes[g], "items": len(groups[g])} for g in ordered])
        return 0
    print_table([[format_bytes(sizes[g]), str(len(groups[g])), g] for g in ordered], right=[0, 1])
    total = size_on_disk(item for items in groups.values() for item in items)
    print(f"{format_bytes(total)} in {home()} and {_hf_cache()}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Hash cached files again and compare with the expected hashes; works offline.

    examples:
      hub verify
      hub verify hf:org/name@v1.0
      hub verify --kind hf --larger 1GB
    """
    chosen = _filter(options)
    if options.refs and not chosen.is_empty:
        raise RefError("either name references or give filters, not both")
    checks = [check for ref in options.refs or [None] for check in api.verify(ref, chosen)]
    if options.json:
        print_json([{**asdict(check), "ok": check.ok} for check in checks])
    else:
        for check in checks:
            damage = f": expected {check.expected}, got {check.got or 'no file'}"
            fault = check.fault and f": {check.fault}"
            print(
                f"{'ok ' if check.ok else 'BAD'}  {check.ref}{'' if check.ok else fault or damage}"
            )
    return 0 if all(check.ok for check in checks) else 1


def _rm(options: argparse.Namespace) -> int:
    """Remove references, or items selected by filters, from the cache.

    Of a repository it removes the commit of the revision, or one file of it.

    examples:
      hub rm hf:org/name@v1.0 https://example.org/weights.safetensors
      hub rm --kind hf --unused 30d --dry-run
    """
    chosen = _filter(options)
    if bool(options.refs) != chosen.is_empty:
        raise RefError("say what to remove: either references or filters")
    if options.dry_run:
        items = _named(options.refs) if options.refs else api.ls(chosen)
        sizes = {item.ref: item.size for item in items}
    else:
        sizes = {ref: api.rm(ref) for ref in options.refs or [item.ref for item in api.ls(chosen)]}
    if options.json:
        print_json([{"ref": r, "size": s, "dry_run": options.dry_run} for r, s in sizes.items()])
        return 0
    for ref, size in sizes.items():
        if options.dry_run:
            print(f"would remove {ref}: {format_bytes(size)}")
        else:
            print(f"removed {ref}: {format_bytes(size)} freed")
    return 0


def _gc(options: argparse.Namespace) -> int:
    """Remove unreferenced blobs and abandoned downloads.

    examples:
      hub gc --dry-run
      hub gc --grace 1h
    """
    found = api.collect(parse_age(options.grace), dry_run=options.dry_run)
    if options.json:
        print_json({**asdict(found), "size": found.size, "dry_run": options.dry_run})
        return 0
    verb = "would be freed" if options.dry_run else "freed"
    print(f"{format_bytes(found.hub)} {verb} in {home()}")
    print(f"{format_bytes(found.hf)} {verb} in {_hf_cache()}")
    return 0


def _move(options: argparse.Namespace) -> int:
    """Move a cache to another disk and leave a link to it.

    All files are compared before the link takes the name of the folder. `hub` is the cache of the
    hub ($BESTIARY_HOME), `hf` that of repositories ($HF_HUB_CACHE).

    examples:
      hub move /mnt/large/bestiary
      hub move --cache hf /mnt/large/huggingface
    """
    from hub.maintenance.move import move

    cache = home() if options.cache == "hub" else _hf_cache()
    moved = move(cache, options.folder, progress=options.progress)
    if options.json:
        print_json({"cache": cache, "target": options.folder.absolute(), "size": moved})
        return 0
    print(f"{format_bytes(moved)} moved: {cache} is a link to {options.folder.absolute()} now")
    return 0


def _export(options: argparse.Namespace) -> int:
    """Write cached items, verified, to one archive, for a machine without a network.

    examples:
      hub export models.tar hf:org/name pypi:some-model==1.0/some_model/weights.pth
      hub export all.tar --kind hf
    """
    from hub.maintenance.archive import export

    chosen = _filter(options)
    if options.refs and not chosen.is_empty:
        raise RefError("either name references or give filters, not both")
    items = _named(options.refs) if options.refs else api.ls(chosen)
    if not items:
        raise NotFoundError("nothing that is cached passes these filters")
    size = export(options.file, items, progress=options.progress)
    if options.json:
        print_json({"file": options.file, "size": size, "items": [item.ref for item in items]})
        return 0
    for item in items:
        print(item.ref)
    print(f"{format_count(len(items), 'item')}, {format_bytes(size)} in {options.file}")
    return 0


def _import(options: argparse.Namespace) -> int:
    """Import the items of an archive into the cache; every byte is hashed first.

    example:
      hub import models.tar
    """
    from hub.maintenance.archive import import_

    taken = import_(options.file, progress=options.progress)
    if options.json:
        print_json({"file": options.file, "items": taken})
        return 0
    for ref in taken:
        print(ref)
    return 0


def _add_filters(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("filters, all of which must hold")
    group.add_argument("--kind", metavar="KIND", help="only from this kind of source, like hf")
    group.add_argument("--match", metavar="PATTERN", help="only such references: 'hf:org/*'")
    group.add_argument("--larger", metavar="SIZE", help="only of at least this size: 1GB, 200MiB")
    group.add_argument("--smaller", metavar="SIZE", help="only of at most this size")
    group.add_argument("--older", metavar="AGE", help="only fetched at least so long ago: 12h, 30d")
    group.add_argument("--unused", metavar="AGE", help="only not read for at least so long")


def _filter(options: argparse.Namespace) -> Filter:
    return Filter(
        kind=options.kind,
        match=options.match,
        larger=options.larger and parse_size(options.larger),
        smaller=options.smaller and parse_size(options.smaller),
        older=options.older and parse_age(options.older),
        unused=options.unused and parse_age(options.unused),
    )


def _named(texts: list[str]) -> list[Item]:
    """The cached items of these references, in their order."""
    known = {item.ref: item for item in api.ls()}
    refs: list[Ref] = [parse(text) for text in texts]
    for ref in refs:
        if ref.identity not in known:
            raise NotFoundError(f"{ref}: is not in the cache; `hub ls` shows what is")
    return [known[ref.identity] for ref in refs]


def _group(item: Item) -> str:
    """The group of an item in `du`: the owner of repositories, the host of URLs, else the kind."""
    head, _, rest = item.ref.partition(":")
    return f"{head}:{rest.lstrip('/').partition('/')[0]}"


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def _hf_cache() -> Path:
    from hub.repos.layout import cache_folder

    return cache_folder()
