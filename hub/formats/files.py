"""Reading and writing of weight files of any format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from hub.errors import FormatError
from hub.formats.byte_source import Source, open_source
from hub.formats.data_classes import refuse_class
from hub.formats.file_objects import is_stream, read_stream
from hub.formats.pickler import Convert, converted
from hub.formats.safetensors import (
    SafetensorsFile,
    check_tensors,
    header_length,
    save_safetensors,
)
from hub.formats.scan import ScanReport
from hub.formats.scan_archives import scan_source
from hub.formats.sharded import find_weights, index_metadata, read_index, read_sharded
from hub.formats.tied_weights import find_aliases, restore_aliases
from hub.formats.torch_reader import read_pickle, read_torch_zip
from hub.formats.torch_writer import save_torch
from hub.formats.unpickler import FindClass
from hub.formats.zip_reader import ZipReader

AnyPath = str | os.PathLike[str]
_ZIP_STARTS = (b"PK\3\4", b"PK\5\6")
_PICKLE_PROTOCOLS = range(2, 6)

# Other kinds of files that are mistaken for weight files, by their first bytes.
_OTHERS = (
    (b"version https://git-lfs", "a Git LFS pointer: the file itself was not fetched"),
    (b"GGUF", "a GGUF file, which is not supported"),
    (b"\x89HDF", "an HDF5 file, which is not supported"),
    (b"\x93NUMPY", "a .npy file, which is not supported"),
    (b"\x1f\x8b", "packed with gzip: unpack it first"),
    (b"7z\xbc\xaf", "packed with 7-Zip: unpack it first"),
    (b"{", "JSON text, not weights"),
)
_TAR_MAGIC = (257, b"ustar")


def read(
    path: AnyPath | BinaryIO,
    *,
    member: str | None = None,
    writable: bool = False,
    find_class: FindClass = refuse_class,
) -> object:
    """Return the contents of a weight file, with every tensor as a `Buffer`.

    The format is detected by the content, never by the name: safetensors gives a dict of buffers,
    tied ones under all their names; PyTorch's zip and legacy files give the saved object; a bare
    pickle gives plain data and numpy arrays. The index of a model in several files, or a folder,
    gives the tensors of all. `member` reads a file inside a zip. Tensors view the mapped file,
    which must not change while they are in use; with `writable` they can be written to, without
    changing the file. A file object is read to its end into writable memory; it cannot be an index
    of several files.
    `find_class(module, name)` returns classes that only hold data for pickles that name them, and
    raises ValueError for others. Raises MissingFileError if there is no file, FormatError for other
    faults.

    >>> import tempfile
    >>> import numpy as np
    >>> from hub.formats import Buffer
    >>> path = Path(tempfile.mkdtemp()) / "one.safetensors"
    >>> write(path, {"x": Buffer.from_numpy(np.ones(2))})
    >>> read(path)["x"].numpy().tolist()
    [1.0, 1.0]
    """
    if is_stream(path, "read"):
        return read_source(_member(read_stream(cast(BinaryIO, path)), member), find_class)
    path = cast(AnyPath, path)
    if member is None and os.path.isdir(path):
        path = find_weights(Path(path))

    def opened(file: AnyPath) -> Source:
        return open_source(file, writable=writable)

    source = _member(opened(path), member)
    if _kind(source) == "index" and member is None:
        found = read_sharded(source, lambda shard: read_source(opened(shard), tied=False))
        return restore_aliases(found, index_metadata(source))
    return read_source(source, find_class)


def read_metadata(path: AnyPath) -> dict[str, str]:
    """Return the metadata of a safetensors file or an index; other files have none.

    Raises FormatError if the file cannot be read.
    """
    source = open_source(path)
    kind = _kind(source)
    if kind == "safetensors":
        return SafetensorsFile(source).metadata
    return index_metadata(source) if kind == "index" else {}


def write(
    path: AnyPath | BinaryIO,
    value: object,
    *,
    metadata: Mapping[str, str] | None = None,
    convert: Convert | None = None,
    name: str = "value",
    legacy: bool = False,
) -> None:
    """Write a safetensors file if the name ends in .safetensors, else a file of PyTorch's format.

    The file is replaced atomically. A safetensors file takes a flat dict of buffers and the strings
    of `metadata` (see `save_safetensors`); tensors with several names are stored once, and the
    metadata list the further names. Other files, and file objects, take the values of `save_torch`,
    and no metadata. `convert` maps values of other types to those, `name` is the value's name in
    errors. Raises TypeError for values that the format lacks.

    >>> import tempfile
    >>> import numpy as np
    >>> from hub.formats import Buffer
    >>> path = Path(tempfile.mkdtemp()) / "tied.safetensors"
    >>> one = Buffer.from_numpy(np.ones(2))
    >>> write(path, {"a": one, "b": one})
    >>> read_metadata(path), sorted(read(path))
    ({'format': 'pt', 'b': 'a'}, ['a', 'b'])
    """
    if is_stream(path, "write") or Path(cast(AnyPath, path)).suffix.lower() != ".safetensors":
        if metadata is not None:
            raise ValueError("metadata: only .safetensors files have metadata")
        return save_torch(path, value, convert=convert, name=name, legacy=legacy)
    value = converted(value, convert, name)
    if not isinstance(value, dict):
        raise TypeError(f"{name}: a safetensors file holds a dict, got {type(value).__name__}")
    tensors = check_tensors(
        {key: converted(item, convert, f"{name}[{key!r}]") for key, item in dict.items(value)}, name
    )
    aliases = find_aliases(tensors)
    stored = {key: tensor for key, tensor in tensors.items() if key not in aliases}
    save_safetensors(cast(AnyPath, path), stored, {"format": "pt", **(metadata or {}), **aliases})


def scan(path: AnyPath | BinaryIO, *, member: str | None = None) -> ScanReport:
    """List every global that the pickles of a file name, and why reading would refuse it.

    Archives, compressed files and NumPy's are scanned at any depth, and no object is created.
    Raises FormatError if there is no file or no such member.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "evil.pkl"
    >>> _ = path.write_bytes(b"cos\\nsystem\\n(Vls\\ntR.")
    >>> [(use.module, use.name, use.allowed) for use in scan(path).globals]
    [('os', 'system', False)]
    """
    opened = read_stream(cast(BinaryIO, path)) if is_stream(path, "read") else None
    source = _member(opened or open_source(cast(AnyPath, path)), member)
    report = scan_source(source)
    try:
        if _kind(source) == "index":
            read_index(source)
        else:
            read_source(source)
    except FormatError as error:
        return replace(report, refusal=error)
    return report


def read_source(
    source: Source, find_class: FindClass = refuse_class, *, tied: bool = True
) -> object:
    """Return the contents of one file, detected by content. Raises FormatError as `read` does."""
    kind = _kind(source)
    if kind == "zip":
        return read_torch_zip(source, find_class)
    if kind == "pickle":
        return read_pickle(source, find_class)
    if kind == "safetensors":
        file = SafetensorsFile(source)
        return restore_aliases(file, file.metadata) if tied else dict(file)
    raise source.error(_what_else(source))


def _member(source: Source, member: str | None) -> Source:
    if member is None:
        return source
    if _kind(source) != "zip":
        raise source.error(f"not a zip, and {member!r} is to be read inside it")
    inner = ZipReader(source).read(member)
    if not len(inner):
        raise inner.error("the file is empty")
    return inner


def _kind(source: Source) -> str | None:
    # The length at the start of a safetensors file may look like any other format.
    length = header_length(source)
    if length is not None and 8 + length <= len(source):
        return "safetensors"
    start = source.bytes(0, 4)
    if start in _ZIP_STARTS:
        return "zip"
    if len(start) > 1 and start[0] == 0x80 and start[1] in _PICKLE_PROTOCOLS:
        return "pickle"
    if length is not None:
        return "safetensors"  # truncated
    return "index" if start[:1] == b"{" else None


def _what_else(source: Source) -> str:
    """Describe a file of none of the formats."""
    start = source.bytes(0, 512)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"<":
        return "an HTML or XML page, not weights: the download got a page instead of the file"
    for magic, what in _OTHERS:
        if text.startswith(magic):
            return what
    at, magic = _TAR_MAGIC
    if start[at : at + len(magic)] == magic:
        return "a tar archive: PyTorch files from before version 0.1.10 are not supported"
    return f"neither safetensors nor a PyTorch file nor a pickle: it begins with {start[:8]!r}"
