"""The command that changes the format of weights: convert."""

from __future__ import annotations

import argparse
from pathlib import Path

from hub import api
from hub.cli.common import format_bytes, print_json, print_table
from hub.cli.program import Program
from hub.errors import HubError
from hub.maintenance.filters import parse_size
from hub.text import format_count

_DTYPES = ("float64", "float32", "float16", "bfloat16")


def register(program: Program) -> None:
    convert = program.add("convert", _convert)
    convert.add_argument("source", metavar="SOURCE", help="a weight file, index, folder or REF")
    convert.add_argument("target", metavar="TARGET", type=Path, help="the file to write")
    convert.add_argument("--dtype", choices=_DTYPES, help="the type of floating-point tensors")
    convert.add_argument(
        "--shard-size", metavar="SIZE", help="split into files of at most SIZE, like 5GB"
    )
    convert.add_argument("--key", metavar="NAME", help="the entry of SOURCE that has the tensors")
    convert.add_argument("--force", action="store_true", help="write over a file that is there")


def _convert(options: argparse.Namespace) -> int:
    """Write weights in another format, by the ending of the target's name.

    A tensor that has several names is stored once. The source is read by the restricted reader,
    which runs no code of the file.

    examples:
      hub convert weights.pth model.safetensors
      hub convert weights.pth model.safetensors --shard-size 5GB --dtype bfloat16
      hub convert checkpoint.pt model.safetensors --key state_dict
      hub convert model/ weights.pth
    """
    from hub.convert import convert

    source = Path(options.source)
    if not source.exists() and ":" in options.source:
        source = api.download(options.source)
    if options.target.exists() and not options.force:
        raise HubError(f"{options.target}: is there already; --force writes over it")
    try:
        done = convert(
            source,
            options.target,
            dtype=options.dtype,
            shard_size=parse_size(options.shard_size) if options.shard_size else None,
            key=options.key,
        )
    except ValueError as error:
        raise HubError(str(error)) from error
    sizes = {file: file.stat().st_size for file in done.files}
    if options.json:
        files = [{"path": file, "size": size} for file, size in sizes.items()]
        print_json({"files": files, "tensors": done.tensors, "aliases": dict(done.aliases)})
        return 0
    print_table([[format_bytes(size), str(file)] for file, size in sizes.items()], right=[0])
    names = format_count(len(done.aliases), "more name")
    print(f"{format_count(done.tensors, 'tensor')}, {names} for them")
    return 0
