"""Reading and writing of safetensors files.

The format is specified at https://github.com/huggingface/safetensors#format: eight bytes with the
length of a JSON header, the header, and one byte buffer that the tensors fill without gaps.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from hub.errors import FormatError
from hub.formats.buffer import (
    MAX_DIMENSIONS,
    MAX_INT,
    Buffer,
    ComputedStorage,
    Storage,
    aligned,
    contiguous_strides,
)
from hub.formats.byte_source import Source, open_source
from hub.formats.dtypes import BY_SAFETENSORS, DTYPES
from hub.formats.file_objects import opened
from hub.formats.json_text import parse_object
from hub.text import format_count

MAX_HEADER = 100_000_000
_ALIGNMENT = 8
_FIELDS = {"dtype", "shape", "data_offsets"}


@dataclass(frozen=True)
class _Entry:
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


class SafetensorsFile(Mapping[str, Buffer]):
    """The tensors of a safetensors file by name, each created when it is read.

    Opening maps the file and checks the whole header; tensors' bytes are neither read nor copied,
    except for tensors that are not aligned for their type. `metadata` holds the file's strings.
    The file stays mapped as long as one of its tensors is in use. Raises FormatError for any
    violation of the specification.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "one.safetensors")
    >>> save_safetensors(path, {"x": Buffer.from_numpy(np.ones(2))}, {"by": "hand"})
    >>> file = SafetensorsFile(path)
    >>> list(file), file["x"].numpy().tolist(), file.metadata
    (['x'], [1.0, 1.0], {'by': 'hand'})
    """

    def __init__(self, path: str | os.PathLike[str] | Source, *, writable: bool = False) -> None:
        source = path if isinstance(path, Source) else open_source(path, writable=writable)
        header, start = _read_header(source)
        self.metadata = _read_metadata(header.pop("__metadata__", {}), source)
        self._data = source.part(start, len(source))
        self._entries = {name: _read_entry(name, fields, source) for name, fields in header.items()}
        _check_cover(self._entries, self._data)

    def __getitem__(self, name: str) -> Buffer:
        entry = self._entries[name]
        memory = self._data.memory[entry.start : entry.stop]
        storage = Storage(aligned(memory, DTYPES[entry.dtype].itemsize))
        return Buffer(entry.dtype, entry.shape, contiguous_strides(entry.shape), storage)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def header_length(source: Source) -> int | None:
    """Return the length of the header if the source begins like a safetensors file.

    It may exceed the source. No JSON text begins so, as the length has zero bytes, and no zip, as
    its first header would have an unknown compression method.
    """
    length = int.from_bytes(source.bytes(0, 8), "little")
    return length if length <= MAX_HEADER and source.bytes(8, 9) == b"{" else None


def save_safetensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Buffer],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write tensors by name, and strings of metadata, to a safetensors file.

    The file is replaced atomically. Tensors are stored row-major, widest type first, so that each
    starts at a multiple of its item size. Raises TypeError for names, tensors or metadata of other
    types, and ValueError for a dtype that the format lacks and for tensors that share memory, as
    the format cannot express that.
    """
    check_tensors(tensors)
    _check_overlaps(tensors)
    order = sorted(tensors, key=lambda name: (-DTYPES[tensors[name].dtype].itemsize, name))
    header: dict[str, object] = {}
    if metadata:
        header["__metadata__"] = _checked_metadata(metadata)
    position = 0
    for name in order:
        tensor = tensors[name]
        offsets = [position, position + tensor.nbytes]
        code = DTYPES[tensor.dtype].safetensors
        header[name] = {"dtype": code, "shape": list(tensor.shape), "data_offsets": offsets}
        position += tensor.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    if len(text) > MAX_HEADER:
        raise ValueError(f"a header of {len(text)} bytes, the format allows {MAX_HEADER}")
    with opened(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            file.write(np.ascontiguousarray(tensors[name].numpy()).reshape(-1).view(np.uint8).data)


def _read_header(source: Source) -> tuple[dict[str, object], int]:
    if len(source) < 8:
        given = format_count(len(source), "byte")
        raise source.error(f"{given}, too short for a header's length", 0)
    length = int.from_bytes(source.bytes(0, 8), "little")
    if length > MAX_HEADER:
        raise source.error(f"a header of {length} bytes, at most {MAX_HEADER} are allowed", 0)
    if length > len(source) - 8:
        announced = format_count(length, "byte")
        raise source.error(f"a header of {announced}, and {len(source) - 8} follow", 0)
    if source.bytes(8, 9) != b"{":
        raise source.error("the header does not begin with '{'", 8)
    return parse_object(source, 8, 8 + length, "the header"), 8 + length


def _read_metadata(fields: object, source: Source) -> dict[str, str]:
    if not isinstance(fields, dict):
        raise source.error(f"__metadata__ is a {type(fields).__name__}, not an object", 8)
    for key, value in fields.items():
        if not isinstance(value, str):
            raise source.error(f"__metadata__ {key!r} is a {type(value).__name__}, not text", 8)
    return fields


def _read_entry(name: str, fields: object, source: Source) -> _Entry:
    def fail(reason: str) -> FormatError:
        return source.error(f"tensor {name!r}: {reason}", 8)

    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise fail(f"the header should give exactly {', '.join(sorted(_FIELDS))}")
    code, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(code, str) or code not in BY_SAFETENSORS:
        raise fail(f"unknown dtype {code!r:.80}, known are {', '.join(BY_SAFETENSORS)}")
    if not _are_sizes(shape):
        raise fail(f"the shape {shape!r:.80} is not a list of sizes")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise fail(f"data_offsets {offsets!r:.80} are not two positions")
    dtype = BY_SAFETENSORS[code]
    promised = Storage.reserve(offsets[1] - offsets[0])
    try:
        buffer = Buffer(dtype.name, tuple(shape), contiguous_strides(tuple(shape)), promised)
    except ValueError as error:
        raise fail(str(error)) from None
    if buffer.nbytes != promised.nbytes:
        raise fail(f"{dtype.name} of shape {shape} takes {buffer.nbytes} bytes, not {offsets}")
    return _Entry(dtype.name, buffer.shape, *offsets)


def _are_sizes(value: object) -> bool:
    if not isinstance(value, list) or len(value) > MAX_DIMENSIONS:
        return False
    return all(type(size) is int and 0 <= size <= MAX_INT for size in value)


def _check_cover(entries: Mapping[str, _Entry], data: Source) -> None:
    position = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].start, item[1].stop)):
        if entry.start != position:
            fault = "overlaps the tensor before it" if entry.start < position else "follows a hole"
            raise data.error(f"tensor {name!r} at {entry.start} {fault}, which ends at {position}")
        position = entry.stop
    if position != len(data):
        raise data.error(f"the tensors end at {position} and the file's data at {len(data)}")


def check_tensors(tensors: Mapping[Any, Any], what: str = "tensors") -> Mapping[str, Buffer]:
    """Return the tensors; TypeError or ValueError unless the format supports them and the names."""
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Buffer):
            kinds = f"{type(name).__name__} to {type(tensor).__name__}"
            raise TypeError(
                f"{what}: safetensors files map names to tensors, got {name!r:.80}: {kinds};"
                " a .pt file holds other values too"
            )
        if name == "__metadata__":
            raise ValueError(f"{what}: a tensor cannot be named __metadata__")
        if DTYPES[tensor.dtype].safetensors is None:
            raise ValueError(f"tensor {name!r}: safetensors files cannot hold {tensor.dtype}")
    return tensors


def _check_overlaps(tensors: Mapping[str, Buffer]) -> None:
    ranges = [
        (*tensor.address_range(), name)
        for name, tensor in tensors.items()
        if tensor.numel and not isinstance(tensor.storage, ComputedStorage)
    ]
    ranges.sort()
    for (_, stop, first), (start, _, second) in pairwise(ranges):
        if start < stop:
            raise ValueError(
                f"tensors {first!r} and {second!r} overlap in memory, which safetensors files"
                " cannot express: copy one, leave one out, or write a .pt file"
            )


def _checked_metadata(metadata: Mapping[Any, Any]) -> dict[str, str]:
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"metadata maps text to text, got {key!r:.80}: {value!r:.80}")
    return dict(metadata)
