"""Writer of the pickles in PyTorch's files: plain data, tensors, and classes that hold data."""

from __future__ import annotations

import datetime
import enum
import pathlib
import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from hub.formats.buffer import Buffer, Storage
from hub.formats.constructors import check_array_dtype
from hub.formats.data_classes import STANDARD, find_unwritable, get_state, is_named_tuple
from hub.formats.dtypes import DTYPES, DType
from hub.formats.plain_data import MAX_DEPTH, unusual_keys
from hub.formats.torch_constructors import UNTYPED, Device, Size
from hub.text import format_count

Convert = Callable[[object], object]


def converted(value: object, convert: Convert | None, where: str) -> object:
    """Return the result of `convert` for a value; its TypeError names `where` the value is."""
    try:
        return value if convert is None else convert(value)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None


class Pickler:
    """Writes one pickle of protocol 2, which every version of PyTorch reads.

    `convert` maps a value of an unknown type to one of a known type, or returns the value itself;
    it may raise TypeError. Equal values give equal bytes: items of sets are sorted. `storages` are
    those of the value's buffers, with their keys and dtypes; with `legacy` they are referred to in
    the format before PyTorch 1.6.
    """

    def __init__(self, convert: Convert | None = None, *, legacy: bool = False) -> None:
        self.storages: dict[Storage, tuple[str, str]] = {}
        self._convert = convert
        self._legacy = legacy
        self._out = bytearray()
        self._memo: dict[tuple[object, ...], int] = {}
        self._open: set[int] = set()
        self._made: list[object] = []

    def dump(self, value: object, name: str = "value") -> bytes:
        """Return the pickle of a value, called `name` in errors."""
        self._out += b"\x80\x02"
        self._value(value, name)
        return bytes(self._out + b".")

    def _value(self, value: object, where: str) -> None:
        scalar = _SCALARS.get(type(value))
        if scalar is not None:
            scalar(self, value)
            return
        key = id(value)
        if self._get(("object", key)):
            return
        if key in self._open:
            raise ValueError(f"{where}: the value contains itself")
        if len(self._open) >= MAX_DEPTH:
            raise ValueError(f"{where[:60]}...: values are nested more than {MAX_DEPTH} deep")
        self._open.add(key)
        known = type(value) in _COMPOUNDS
        made = value if known else self._keep(converted(value, self._convert, where))
        self._compound(made, where)
        self._open.remove(key)
        self._put(("object", key))

    def _keep(self, made: Any) -> Any:
        """Keep a reference to a temporary object, so that no other object gets its id."""
        self._made.append(made)
        return made

    def _compound(self, value: object, where: str) -> None:
        write = _COMPOUNDS.get(type(value))
        if write is not None:
            write(self, value, where)
        elif type(value) in _SCALARS:
            _SCALARS[type(value)](self, value)
        elif isinstance(value, (np.generic, np.dtype)):
            self._numpy(value, where)
        else:
            self._holder(value, where)

    def _get(self, key: tuple[object, ...]) -> bool:
        """Push the object memoized under a key, if there is one."""
        index = self._memo.get(key)
        if index is None:
            return False
        self._out += bytes((0x68, index)) if index < 256 else b"j" + struct.pack("<L", index)
        return True

    def _put(self, key: tuple[object, ...]) -> None:
        """Memoize the last object under a key."""
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

    def _device(self, value: Device) -> None:
        kind, _, index = str(value).partition(":")
        self._call("torch", "device", kind, *([int(index)] if index else []))

    def _global(self, module: str, name: str) -> None:
        if not self._get(("global", module, name)):
            self._out += f"c{module}\n{name}\n".encode()
            self._put(("global", module, name))

    def _call(self, module: str, name: str, *args: object) -> None:
        self._global(module, name)
        self._out += b"("
        for index, arg in enumerate(args):
            self._value(arg, f"{name}, argument {index}")
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

    def _size(self, value: Size, where: str) -> None:
        self._global("torch", "Size")
        self._tuple(value, where)
        self._out += b"\x85R"

    def _set(self, value: set[object] | frozenset[object], where: str) -> None:
        self._global("builtins", type(value).__name__)
        unusual_keys(value)
        # Their order differs from run to run.
        self._list(sorted(value, key=lambda item: (type(item).__name__, repr(item))), where)
        self._out += b"\x85R"

    def _dict(self, value: dict[Any, Any], where: str) -> None:
        # A defaultdict is written as a dict too: PyTorch's safe reader cannot set its items.
        self._out += b"}"
        self._pairs(value, where)

    def _ordered_dict(self, value: OrderedDict[Any, Any], where: str) -> None:
        self._call("collections", "OrderedDict")
        self._pairs(value, where)
        attributes = vars(value)  # state dicts have the versions of modules
        if attributes.keys() - {"_metadata"}:
            raise TypeError(f"{where}: an OrderedDict with the attributes {', '.join(attributes)}")
        if attributes:
            self._dict(attributes, where)
            self._out += b"b"

    def _counter(self, value: Counter[Any], where: str) -> None:
        self._global("collections", "Counter")
        self._dict(value, where)
        self._out += b"\x85R"

    def _deque(self, value: deque[Any], where: str) -> None:
        self._call("collections", "deque", (), value.maxlen)
        self._items(value, where)
        self._out += b"e"

    def _pairs(self, value: dict[Any, Any], where: str) -> None:
        unusual_keys(value)
        self._out += b"("
        for key, item in dict.items(value):
            self._value(key, where)
            self._value(item, f"{where}[{key!r}]")
        self._out += b"u"

    def _standard(self, value: Any, where: str) -> None:
        """Write a range, path or date by the parts of its own __reduce__."""
        args = self._keep(value.__reduce_ex__(2)[1])
        module = type(value).__module__.partition(".")[0]
        self._global(module, type(value).__name__)
        self._items(args, where)
        self._out += b"tR"

    def _numpy(self, value: Any, where: str) -> None:
        """Write a scalar, array or dtype of NumPy by the parts of its own __reduce__."""
        try:
            check_array_dtype((value if isinstance(value, np.dtype) else value.dtype).str[1:])
        except ValueError as error:
            raise TypeError(f"{where}: {error}") from None
        make, args, *state = self._keep(value.__reduce__())
        self._global(make.__module__, make.__name__)
        self._out += b"("
        for arg in args:
            if arg is np.ndarray:
                self._global("numpy", "ndarray")
            else:
                self._value(arg, where)
        self._out += b"tR"
        if state:
            self._tuple(state[0], where)
            self._out += b"b"

    def _holder(self, value: object, where: str) -> None:
        cls = type(value)
        fault = find_unwritable(cls)
        if fault is not None:
            raise TypeError(f"{where}: a {cls.__name__} cannot be written to a .pt file: {fault}")
        self._global(cls.__module__, cls.__qualname__)
        if isinstance(value, enum.Enum):
            self._value(value._value_, where)
            self._out += b"\x85R"
            return
        fields = value if isinstance(value, tuple) and is_named_tuple(cls) else ()
        self._items(fields, where)
        self._out += b"t\x81"
        if isinstance(value, dict):
            self._pairs(value, where)
        elif isinstance(value, list):
            self._items(list.__iter__(value), where)
            self._out += b"e"
        state = self._keep(get_state(value))
        if state is not None and not fields:
            self._value(state, where)
            self._out += b"b"

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
        self._tuple(value.shape, where)
        self._tuple(value.strides, where)
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
        if typed is None and self._legacy:
            raise ValueError(f"{where}: the format before PyTorch 1.6 has no {dtype}")
        itemsize = 1 if typed is None else DTYPES[dtype].itemsize
        if value.storage.nbytes % itemsize:
            raise ValueError(f"{where}: {value.storage.nbytes} bytes are no number of {dtype}")
        self._out += b"("
        self._text("storage")
        self._global(*UNTYPED if typed is None else ("torch", typed))
        self._text(key)
        self._text("cpu")
        self._integer(value.storage.nbytes // itemsize)
        self._out += b"NtQ" if self._legacy else b"tQ"


_SCALARS: dict[type, Callable[[Pickler, Any], None]] = {
    type(None): Pickler._none,
    bool: Pickler._bool,
    int: Pickler._integer,
    float: Pickler._float,
    complex: Pickler._complex,
    str: Pickler._text,
    bytes: Pickler._bytes,
    DType: Pickler._dtype,
    Device: Pickler._device,
}

_STANDARD = (
    bytearray,
    range,
    slice,
    datetime.date,
    datetime.time,
    datetime.datetime,
    datetime.timedelta,
    datetime.timezone,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    type(pathlib.Path()),
)

_COMPOUNDS: dict[type, Callable[[Pickler, Any, str], None]] = {
    list: Pickler._list,
    tuple: Pickler._tuple,
    Size: Pickler._size,
    set: Pickler._set,
    frozenset: Pickler._set,
    dict: Pickler._dict,
    defaultdict: Pickler._dict,
    OrderedDict: Pickler._ordered_dict,
    Counter: Pickler._counter,
    deque: Pickler._deque,
    Buffer: Pickler._buffer,
    np.ndarray: Pickler._numpy,
    **{kind: Pickler._standard for kind in _STANDARD},
    **{kind: Pickler._holder for kind in STANDARD},
}
