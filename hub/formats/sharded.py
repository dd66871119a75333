"""Weights in several files, with an index of the file of each tensor.

The layout is that of transformers: shards `model-00001-of-00003.safetensors` and so
on, and `model.safetensors.index.json` with the keys `weight_map` (the file of each tensor, by name)
and `metadata`. The shards of older models are PyTorch files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from hub.disk import atomic_write
from hub.errors import FormatError
from hub.formats.buffer import Buffer
from hub.formats.byte_source import Source
from hub.formats.json_text import parse_object
from hub.formats.plain_data import describe
from hub.formats.safetensors import save_safetensors

_MAX_INDEX = 100_000_000  # bytes
# Names of the weights in a folder, in the order of preference.
_FOLDER_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)

ReadShard = Callable[[Path], object]


def find_weights(folder: Path) -> Path:
    """Return the file to read the weights of a folder from: a weight file or an index.

    It is the one with a name of transformers, else the only one. Raises FormatError if it is
    ambiguous.
    """
    for name in _FOLDER_FILES:
        if (folder / name).is_file():
            return folder / name
    names = sorted(item.name for item in folder.iterdir() if item.is_file())
    for ending in (".index.json", ".safetensors", ".bin", ".pt", ".pth"):
        found = [name for name in names if name.endswith(ending)]
        if len(found) == 1:
            return folder / found[0]
        if found:
            listing = ", ".join(found[:8])
            raise FormatError(f"which file is meant is not clear: {listing}", file=str(folder))
    raise FormatError("a folder without a weight file", file=str(folder))


def read_index(source: Source) -> dict[str, list[str]]:
    """Return the names of the tensors in each file that an index lists.

    Raises FormatError for a malformed index, and for a file outside the folder.
    """
    weight_map = _parse_index(source).get("weight_map")
    if not isinstance(weight_map, dict):
        raise source.error("JSON text without a weight_map: neither weights nor an index of them")
    shards: dict[str, list[str]] = {}
    for tensor, file in weight_map.items():
        if not isinstance(file, str) or not _is_plain_name(file):
            raise source.error(f"tensor {tensor!r}: {file!r:.80} is not a file of this folder")
        shards.setdefault(file, []).append(tensor)
    return shards


def index_metadata(source: Source) -> dict[str, str]:
    """Return the strings among the metadata of an index."""
    fields = _parse_index(source).get("metadata")
    items = fields.items() if isinstance(fields, dict) else ()
    return {key: value for key, value in items if isinstance(value, str)}


def read_sharded(source: Source, read_shard: ReadShard) -> dict[str, Buffer]:
    """Return the tensors of all files of an index.

    Raises FormatError, which names the tensor, if one is missing, is in two files, or is not in the
    index.
    """
    shards = read_index(source)
    folder = Path(source.name).parent
    origin = {tensor: file for file, tensors in shards.items() for tensor in tensors}
    found: dict[str, Buffer] = {}
    for file, expected in shards.items():
        tensors = flat_tensors(read_shard(folder / file), str(folder / file))
        for name in tensors:
            if name not in origin:
                raise source.error(f"{file} holds {name!r}, which the index does not list")
            if origin[name] != file:
                raise source.error(f"{name!r} is in {file} as well as in {origin[name]}")
        for name in expected:
            if name not in tensors:
                raise source.error(f"{file} lacks {name!r}, which the index says is there")
            found[name] = tensors[name]
    return found


def flat_tensors(value: object, file: str, key: str | None = None) -> dict[str, Buffer]:
    """Return the tensors of a value by name; FormatError names any other value.

    `key` selects one entry, as in training checkpoints.
    """
    if key is not None:
        if not isinstance(value, dict) or key not in value:
            raise FormatError(f"has no entry {key!r}", file=file)
        value = value[key]
    if not isinstance(value, dict):
        raise FormatError(f"holds {describe(value)}, not tensors by name", file=file)
    for name, item in value.items():
        if not isinstance(name, str):
            raise FormatError(f"{describe(name)} is no name of a tensor", file=file)
        if not isinstance(item, Buffer):
            inside = isinstance(item, dict) and any(isinstance(v, Buffer) for v in item.values())
            hint = f"; tensors are inside: take them with the key {name!r}" if inside else ""
            raise FormatError(f"{name!r} is {describe(item)}, not a tensor{hint}", file=file)
    return value


def plan_shards(tensors: Mapping[str, Buffer], shard_size: int) -> list[list[str]]:
    """Return the names of the tensors in each shard, in order, each within the size limit.

    A larger tensor gets its own shard. Split like `huggingface_hub`.

    >>> import numpy as np
    >>> plan_shards({n: Buffer.from_numpy(np.zeros(4, np.int8)) for n in "abc"}, 9)
    [['a', 'b'], ['c']]
    """
    if shard_size <= 0:
        raise ValueError(f"shard_size: expected a number of bytes, got {shard_size}")
    shards: list[list[str]] = []
    open_shard: list[str] = []
    size = 0
    for name, tensor in tensors.items():
        if tensor.nbytes > shard_size:
            shards.append([name])
            continue
        if open_shard and size + tensor.nbytes > shard_size:
            shards.append(open_shard)
            open_shard, size = [], 0
        open_shard.append(name)
        size += tensor.nbytes
    return [*shards, open_shard] if open_shard or not shards else shards


def save_sharded(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Buffer],
    shard_size: int,
    metadata: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write tensors to safetensors files of at most `shard_size` bytes of data, and their index.

    `path` names the file if one suffices, and the names of shards and index follow from it. The
    strings of `metadata` are stored in the file or, with several, in the index. The index is
    written last, so that it never lists missing files. Returns the written files.

    >>> import tempfile
    >>> import numpy as np
    >>> tensors = {name: Buffer.from_numpy(np.zeros(4)) for name in "ab"}
    >>> [file.name for file in save_sharded(Path(tempfile.mkdtemp(), "m.safetensors"), tensors, 32)]
    ['m-00001-of-00002.safetensors', 'm-00002-of-00002.safetensors', 'm.safetensors.index.json']
    """
    target = Path(path)
    shards = plan_shards(tensors, shard_size)
    if len(shards) == 1:
        save_safetensors(target, tensors, metadata)
        return [target]
    files = []
    for number, names in enumerate(shards, 1):
        file = target.with_name(f"{target.stem}-{number:05d}-of-{len(shards):05d}{target.suffix}")
        kept = {key: value for key, value in (metadata or {}).items() if key == "format"}
        save_safetensors(file, {name: tensors[name] for name in names}, kept)
        files.append(file)
    total = sum(tensor.nbytes for tensor in tensors.values())
    origin = {name: file.name for file, names in zip(files, shards, strict=True) for name in names}
    index = {"metadata": {**(metadata or {}), "total_size": total}, "weight_map": origin}
    index_path = target.with_name(f"{target.name}.index.json")
    with atomic_write(index_path) as output:
        output.write(json.dumps(index, indent=2).encode() + b"\n")
    return [*files, index_path]


def _parse_index(source: Source) -> dict[str, object]:
    if len(source) > _MAX_INDEX:
        raise source.error(f"an index of {len(source)} bytes, at most {_MAX_INDEX} are read")
    # Some writers store the total size as a float.
    return parse_object(source, 0, len(source), "the index", fractions=True)


def _is_plain_name(name: str) -> bool:
    return (
        name != ""
        and not name.startswith(".")
        and name.isprintable()
        and not set(name) & set("/\\:")
    )
