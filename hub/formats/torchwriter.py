"""Writing the zip files that `torch.load` reads, also with `weights_only=True`."""

from __future__ import annotations

import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from hub.formats.buffer import Buffer, Storage
from hub.formats.dtypes import DTYPES, DType
from hub.formats.streams import Target, opened
from hub.formats.structure import MAX_DEPTH, unusual_keys
from hub.formats.torchobjects import UNTYPED
from hub.text import format_count

_ROOT = "archive"
_VERSION = b"3\n"
_ALIGNMENT = 64
_LOCAL_HEADER = 30
_ZIP64_EXTRA = 20


def save_torch(path: Target, value: object) -> None:
    """Write a value to a PyTorch zip file, which appears whole or not at all, or a file object.

    The value is made of buffers, dicts, lists, tuples, sets, text, bytes, numbers, bools, None and
    dtypes. Buffers that share a storage share it when they are read back; the whole of a storage is
    written even if a buffer shows only a part of it. Raises TypeError for other types, naming
    where they are, and ValueError for a value that contains itself and for a storage that
    buffers see as several dtypes.

    >>> import os, tempfile
    >>> import numpy as np
    >>> from hub.formats import read
    >>> path = os.path.join(tempfile.mkdtemp(), "one.pt")
    >>> save_torch(path, {"epoch": 3, "weight": Buffer.from_numpy(np.ones(2))})
    >>> read(path)["weight"].numpy().tolist()
    [1.0, 1.0]
    """
    pickler = _Pickler()
    data = pickler.dump(value)
    with opened(path) as file, zipfile.ZipFile(file, "w") as archive:
        _add(archive, file, "data.pkl", memoryview(data))
        _add(archive, file, "byteorder", memoryview(b"little"))
        for storage, (key, _) in pickler.storages.items():
            _add(archive, file, f"data/{key}", storage.memory.data)
        _add(archive, file, "version", memoryview(_VERSION))


def _add(archive: zipfile.ZipFile, file: BinaryIO, name: str, data: memoryview) -> None:
    """Add a stored member whose bytes begin at a multiple of 64, so that they can be mapped."""
    info = zipfile.ZipInfo(f"{_ROOT}/{name}")
    info.file_size = data.nbytes
    # The zip64 field, which takes room before the data, is forced so that its size is known.
    before = file.tell() + _LOCAL_HEADER + len(info.filename) + _ZIP64_EXTRA
    padding = (-before - 4) % _ALIGNMENT
    info.extra = struct.pack("<2H", 0x4246, padding) + bytes(padding)
    with archive.open(info, "w", force_zip64=True) as member:
        member.write(data)


class _Pickler:
    """Writes pickles of protocol 2, which is what every version of PyTorch reads."""

    def __init__(self) -> None:
        self.storages: dict[Storage, tuple[str, str]] = {}
        self._out = bytearray()
        self._memo: dict[tuple[object, ...], int] = {}
        self._open: set[int] = set()

    def dump(self, value: object) -> bytes:
        """Return the pickle of a value."""
        self._out += b"\x80\x02"
        self._value(value, "value")
        return bytes(self._out + b".")

    def _value(self, value: object, where: str) -> None:
        scalar = _SCALARS.get(type(value))
        if scalar is not None:
            scalar(self, value)
            return
        compound = _COMPOUNDS.get(type(value))
        if compound is None:
            raise TypeError(f"{where}: a {type(value).__name__} cannot be written to a .pt file")
        if self._get(("object", id(value))):
            return
        if id(value) in self._open:
            raise ValueError(f"{where}: the value contains itself")
        if len(self._open) >= MAX_DEPTH:
            raise ValueError(f"{where}: values are nested more than {MAX_DEPTH} deep")
        self._open.add(id(value))
        compound(self, value, where)
        self._open.remove(id(value))
        self._put(("object", id(value)))

    def _get(self, key: tuple[object, ...]) -> bool:
        """Push what was written before under a key, if it was."""
        index = self._memo.get(key)
        if index is None:
            return False
        self._out += bytes((0x68, index)) if index < 256 else b"j" + struct.pack("<L", index)
        return True

    def _put(self, key: tuple[object, ...]) -> None:
        """Remember what was written last under a key."""
        index = self._memo[key] = len(self._memo)
        self._out += bytes((0x71, index)) if index < 256 else b"r" + struct.pack("<L", index)

    def _none(self, _: None) -> None:
        self._out += b"N"

    def _bool(self, value: bool) -> None:
        self._out += b"\x88" if value else b"\x89"

    def _integer(self, value: int) -> None:
        if 0 <= value < 256:
            self._out += b"K" + struct.pack("<B", value)
        elif -(2**31) <= value < 2**31:
            self._out += b"J" + struct.pack("<l", value)
        else:
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            if len(raw) > 255:
                length = format_count(len(raw), "byte")
                raise ValueError(f"an integer of {length} cannot be written")
            self._out += b"\x8a" + bytes((len(raw),)) + raw

    def _float(self, value: float) -> None:
        self._out += b"G" + struct.pack(">d", value)

    def _text(self, value: str) -> None:
        if not self._get(("text", value)):
            raw = value.encode("utf-8", "surrogatepass")
            self._out += b"X" + struct.pack("<L", len(raw)) + raw
            self._put(("text", value))

    def _bytes(self, value: bytes) -> None:
        self._call("_codecs", "encode", value.decode("latin1"), "latin1")

    def _complex(self, value: complex) -> None:
        self._call("builtins", "complex", value.real, value.imag)

    def _dtype(self, value: DType) -> None:
        self._global("torch", value.name)

    def _global(self, module: str, name: str) -> None:
        if not self._get(("global", module, name)):
            self._out += f"c{module}\n{name}\n".encode()
            self._put(("global", module, name))

    def _call(self, module: str, name: str, *args: str | float) -> None:
        self._global(module, name)
        self._out += b"("
        for arg in args:
            self._value(arg, name)
        self._out += b"tR"

    def _items(self, items: Iterable[object], where: str) -> None:
        self._out += b"("
        for index, item in enumerate(items):
            self._value(item, f"{where}[{index}]")

    def _list(self, value: list[object], where: str) -> None:
        self._out += b"]"
        self._items(value, where)
        self._out += b"e"

    def _tuple(self, value: tuple[object, ...], where: str) -> None:
        self._items(value, where)
        self._out += b"t"

    def _set(self, value: set[object], where: str) -> None:
        self._global("builtins", "set")
        unusual_keys(value)
        self._list(list(value), where)
        self._out += b"\x85R"

    def _dict(self, value: dict[object, object], where: str) -> None:
        self._out += b"}"
        self._pairs(value, where)

    def _ordered_dict(self, value: OrderedDict[object, object], where: str) -> None:
        self._call("collections", "OrderedDict")
        self._pairs(value, where)
        if hasattr(value, "_metadata"):  # the versions of modules, which state dicts carry
            self._dict({"_metadata": value._metadata}, where)
            self._out += b"b"

    def _pairs(self, value: dict[object, object], where: str) -> None:
        unusual_keys(value)
        self._out += b"("
        for key, item in value.items():
            self._value(key, where)
            self._value(item, f"{where}[{key!r}]")
        self._out += b"u"

    def _buffer(self, value: Buffer, where: str) -> None:
        if value.is_parameter:
            self._global("torch._utils", "_rebuild_parameter")
            self._out += b"("
            self._tensor(value, where)
            self._bool(value.requires_grad)
            self._call("collections", "OrderedDict")
            self._out += b"tR"
        else:
            self._tensor(value, where)

    def _tensor(self, value: Buffer, where: str) -> None:
        typed = DTYPES[value.dtype].storage is not None
        self._global("torch._utils", "_rebuild_tensor_v2" if typed else "_rebuild_tensor_v3")
        self._out += b"("
        self._storage(value, where)
        self._integer(value.offset)
        self._items(value.shape, where)
        self._out += b"t"
        self._items(value.strides, where)
        self._out += b"t"
        self._bool(value.requires_grad and not value.is_parameter)
        self._call("collections", "OrderedDict")
        if not typed:
            self._global("torch", value.dtype)
        self._out += b"tR"

    def _storage(self, value: Buffer, where: str) -> None:
        key, dtype = self.storages.setdefault(value.storage, (str(len(self.storages)), value.dtype))
        if dtype != value.dtype:
            raise ValueError(f"{where}: a storage of {dtype} is seen as {value.dtype} as well")
        typed = DTYPES[dtype].storage
        itemsize = 1 if typed is None else DTYPES[dtype].itemsize
        if value.storage.nbytes % itemsize:
            raise ValueError(f"{where}: {value.storage.nbytes} bytes are no number of {dtype}")
        self._out += b"("
        self._text("storage")
        self._global(*UNTYPED if typed is None else ("torch", typed))
        self._text(key)
        self._text("cpu")
        self._integer(value.storage.nbytes // itemsize)
        self._out += b"tQ"


_SCALARS: dict[type, Callable[[_Pickler, Any], None]] = {
    type(None): _Pickler._none,
    bool: _Pickler._bool,
    int: _Pickler._integer,
    float: _Pickler._float,
    complex: _Pickler._complex,
    str: _Pickler._text,
    bytes: _Pickler._bytes,
    DType: _Pickler._dtype,
}

_COMPOUNDS: dict[type, Callable[[_Pickler, Any, str], None]] = {
    list: _Pickler._list,
    tuple: _Pickler._tuple,
    set: _Pickler._set,
    dict: _Pickler._dict,
    OrderedDict: _Pickler._ordered_dict,
    Buffer: _Pickler._buffer,
}
