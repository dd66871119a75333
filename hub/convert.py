"""Conversion of weights between PyTorch's files and safetensors, in one file or several.

Tensors are copied one by one from the mapped file to the new one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hub.errors import FormatError
from hub.formats import Buffer, cast, read, read_metadata, save_sharded, save_torch
from hub.formats.buffer import ComputedStorage, contiguous_strides
from hub.formats.sharded import find_weights, flat_tensors
from hub.formats.tied_weights import find_aliases

AnyPath = str | os.PathLike[str]
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")


@dataclass(frozen=True)
class Conversion:
    """The written files, the number of tensors, and the aliases among their names."""

    files: tuple[Path, ...]
    tensors: int
    aliases: Mapping[str, str]


def convert(
    source: AnyPath,
    target: AnyPath,
    *,
    dtype: str | None = None,
    shard_size: int | None = None,
    key: str | None = None,
) -> Conversion:
    """Write the tensors of a weight file, index or folder to another file.

    The suffix of `target` selects the format: .safetensors, or .pt, .pth and .bin for PyTorch's.
    A tensor that has several names is stored once: PyTorch's format supports that, and the
    metadata of safetensors files map each further name to the stored one, as the format's own
    library does. Views that overlap and are not equal become separate tensors. `dtype` casts
    floating-point tensors, `shard_size` is the maximum of bytes per safetensors file, beyond which
    there are several and an index, `key` selects an entry of a file that contains more than
    tensors. Raises FormatError, which names any value that is no tensor, and ValueError for
    invalid arguments.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> one = Buffer.from_numpy(np.ones(2, np.float32))
    >>> save_torch(folder / "tied.pt", {"encoder": one, "decoder": one})
    >>> done = convert(folder / "tied.pt", folder / "tied.safetensors")
    >>> dict(done.aliases), read_metadata(folder / "tied.safetensors")
    ({'encoder': 'decoder'}, {'format': 'pt', 'encoder': 'decoder'})
    """
    path = Path(target)
    is_torch = _is_torch(path)
    if shard_size is not None and is_torch:
        raise ValueError("shard_size: only safetensors files are split")
    if shard_size is not None and shard_size <= 0:
        raise ValueError(f"shard_size: expected a number of bytes, got {shard_size}")
    origin = find_weights(Path(source)) if os.path.isdir(source) else Path(source)
    metadata = read_metadata(origin)
    tensors = flat_tensors(read(origin), str(origin), key)
    metadata = {
        name: text
        for name, text in metadata.items()
        if name not in tensors or tensors[name] is not tensors.get(text)
    }
    aliases = find_aliases(tensors)
    unique = {name: tensor for name, tensor in tensors.items() if name not in aliases}
    try:
        if dtype is not None:
            unique = {name: cast(tensor, dtype, name) for name, tensor in unique.items()}
        if is_torch:
            save_torch(path, {name: unique[aliases.get(name, name)] for name in tensors})
            files = [path]
        else:
            strings = {**metadata, "format": "pt", **aliases}
            size = shard_size or max(1, sum(tensor.nbytes for tensor in unique.values()))
            files = save_sharded(path, separated(unique), size, strings)
    except (ValueError, TypeError) as error:  # not representable in the new format
        raise FormatError(str(error), file=str(origin)) from error
    return Conversion(tuple(files), len(unique), aliases)


def separated(tensors: Mapping[str, Buffer]) -> dict[str, Buffer]:
    """The tensors; those that view parts of the same memory get their own."""
    users = Counter(tensor.storage for tensor in tensors.values())
    return {
        name: _copied(tensor) if users[tensor.storage] > 1 else tensor
        for name, tensor in tensors.items()
    }


def _copied(tensor: Buffer) -> Buffer:
    def compute() -> NDArray[np.uint8]:
        return np.ascontiguousarray(tensor.numpy()).reshape(-1).view(np.uint8)

    storage = ComputedStorage(tensor.nbytes, compute)
    return replace(tensor, strides=contiguous_strides(tensor.shape), storage=storage, offset=0)


def _is_torch(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"target {str(path)!r}: should end in one of {', '.join(SUFFIXES)}")
    return suffix != ".safetensors"
