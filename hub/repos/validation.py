"""Validation of files beyond their hash: well-formed and self-contained.

A hash proves that a file is the repository's, not that it is harmless.
"""

from __future__ import annotations

import json
from pathlib import Path

from hub.errors import FormatError, RefError
from hub.repos.tree import check_path

_INDEX = (".safetensors.index.json", ".bin.index.json")
_MAX_INDEX = 256 << 20  # bytes


def validate(where: str, path: str, file: Path) -> None:
    """Check a safetensors file's header, or the names in an index of shards.

    `path` is the file's path in the repository, `file` the path of its bytes. FormatError names
    the fault. Files of other kinds are checked by their readers.
    """
    if path.endswith(".safetensors"):
        _check_safetensors(where, file)
    elif path.endswith(_INDEX):
        shards(where, file)


def shards(where: str, file: Path) -> list[str]:
    """The files of an index of shards, in the same folder; FormatError if it is malformed."""
    if file.stat().st_size > _MAX_INDEX:
        raise FormatError(f"an index of more than {_MAX_INDEX} bytes", file=where)
    try:
        index = json.loads(file.read_bytes())
        names = set(index["weight_map"].values())
        if not all(isinstance(name, str) for name in names):
            raise TypeError("it names a shard by something else than text")
        return sorted(check_path(where, name) for name in names)
    except RefError as error:
        reason = str(error).removeprefix(f"{where}: ")
        raise FormatError(f"names a shard that is not beside it: {reason}", file=where) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"is no index of shards: {error}", file=where) from None


def _check_safetensors(where: str, file: Path) -> None:
    from hub.formats.safetensors import SafetensorsFile  # imports numpy

    try:
        SafetensorsFile(file)
    except FormatError as error:
        raise FormatError(error.reason, file=where, position=error.position) from None
