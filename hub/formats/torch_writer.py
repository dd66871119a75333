"""Writer of the files that `torch.load` reads, also with `weights_only=True`."""

from __future__ import annotations

import struct
import zipfile
from typing import BinaryIO

from hub.formats.dtypes import DTYPES
from hub.formats.file_objects import Target, opened
from hub.formats.pickler import Convert, Pickler
from hub.formats.torch_reader import LEGACY_VERSION, MAGIC_NUMBER

_ROOT = "archive"
_VERSION = b"3\n"
_ALIGNMENT = 64
_LOCAL_HEADER = 30
_ZIP64_EXTRA = 20
_MACHINE = {
    "protocol_version": LEGACY_VERSION,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}


def save_torch(
    path: Target,
    value: object,
    *,
    convert: Convert | None = None,
    name: str = "value",
    legacy: bool = False,
) -> None:
    """Write a value to a PyTorch zip file, replaced atomically, or to a file object.

    The value consists of buffers, dicts, lists, tuples, sets, text, bytes, numbers, bools, None,
    dtypes, arrays and scalars of NumPy, paths, dates, and instances of classes that only hold data;
    `convert` maps others to these. Buffers that share a storage share it when they are read back;
    a storage is written whole even if a buffer views only a part of it. A defaultdict is written as
    a dict. With `legacy`, the file has the format of PyTorch before 1.6, which lacks some dtypes.
    Raises TypeError for other types, naming their path inside `name`, and ValueError for a value
    that contains itself and for a storage whose buffers have several dtypes.

    >>> import os, tempfile
    >>> import numpy as np
    >>> from hub.formats import Buffer, read
    >>> path = os.path.join(tempfile.mkdtemp(), "one.pt")
    >>> save_torch(path, {"epoch": 3, "weight": Buffer.from_numpy(np.ones(2))})
    >>> read(path)["weight"].numpy().tolist()
    [1.0, 1.0]
    """
    pickler = Pickler(convert, legacy=legacy)
    data = pickler.dump(value, name)
    with opened(path) as file:
        if legacy:
            _write_legacy(file, pickler, data)
        else:
            _write_zip(file, pickler, data)


def _write_zip(file: BinaryIO, pickler: Pickler, data: bytes) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        _add(archive, file, "data.pkl", memoryview(data))
        _add(archive, file, "byteorder", memoryview(b"little"))
        for storage, (key, _) in pickler.storages.items():
            _add(archive, file, f"data/{key}", storage.memory.data)
        _add(archive, file, "version", memoryview(_VERSION))


def _add(archive: zipfile.ZipFile, file: BinaryIO, name: str, data: memoryview) -> None:
    """Add an uncompressed member with bytes at a multiple of 64, so that they can be mapped."""
    info = zipfile.ZipInfo(f"{_ROOT}/{name}")
    info.file_size = data.nbytes
    # The zip64 field before the data is forced, so that its size is known.
    before = file.tell() + _LOCAL_HEADER + len(info.filename) + _ZIP64_EXTRA
    padding = (-before - 4) % _ALIGNMENT
    info.extra = struct.pack("<2H", 0x4246, padding) + bytes(padding)
    with archive.open(info, "w", force_zip64=True) as member:
        member.write(data)


def _write_legacy(file: BinaryIO, pickler: Pickler, data: bytes) -> None:
    """Write the five pickles and, in the order of their keys, the storages with their lengths."""
    for part in (MAGIC_NUMBER, LEGACY_VERSION, _MACHINE):
        file.write(Pickler().dump(part))
    file.write(data)
    by_key = sorted(
        ((key, dtype, storage) for storage, (key, dtype) in pickler.storages.items()),
        key=lambda item: item[0],
    )
    file.write(Pickler().dump([key for key, *_ in by_key]))
    for _, dtype, storage in by_key:
        file.write(struct.pack("<q", storage.nbytes // DTYPES[dtype].itemsize))
        file.write(storage.memory.data)
