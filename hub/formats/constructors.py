"""Constructors of the globals that the restricted unpickler allows, and NumPy's among them.

A global is looked up in the tables of this module, `torch_constructors` and
`stdlib_constructors`. It is never imported, and nothing that a file names is ever called: each
function below checks its arguments and creates the value itself. All of them raise ValueError for
invalid arguments.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hub.formats.buffer import MAX_DIMENSIONS
from hub.formats.plain_data import describe, unusual_keys
from hub.text import format_count

Arguments = tuple[object, ...]
_MAX_UNUSUAL_KEYS = 1024
_ARRAY_TYPE = re.compile("b1|[iu][1248]|f[248]|c8|c16|[SU][0-9]{1,7}")
_ALIGNED_TEXT = 8  # flag of aligned text dtypes
_BYTE_ORDERS = ("<", ">", "=", "|")
_ENCODINGS = ("latin1", "latin-1", "utf-8")


@dataclass(frozen=True)
class Constructor:
    """A global that a pickle may call, and the function that replaces it."""

    qualified_name: str
    make: Callable[[Arguments], object]


@dataclass(frozen=True)
class Marker:
    """A global that occurs only as an argument of others."""

    qualified_name: str


@dataclass
class Pending(ABC):
    """An object that a pickle creates before it sets its state.

    `slots` are the memo entries that refer to it, to be replaced by the finished object.
    """

    slots: list[int] = field(default_factory=list, init=False)

    @abstractmethod
    def build(self, state: object) -> object:
        """Return the finished object."""


@dataclass
class PendingDType(Pending):
    """A numpy.dtype without its byte order."""

    code: str

    def build(self, state: object) -> np.dtype[np.generic]:
        """Return the dtype in the byte order of the state, which has no other content."""
        plain = (int, str, type(None), type(None), type(None), int, int, int)
        if type(state) is not tuple or tuple(type(part) for part in state) != plain:
            raise ValueError("the state of a numpy.dtype is not that of a plain number type")
        version, order, *_, flags = state
        flags &= ~(_ALIGNED_TEXT if self.code[0] == "U" else 0)
        if version != 3 or order not in _BYTE_ORDERS or flags != 0:
            raise ValueError(f"a numpy.dtype of version {version}, order {order}, flags {flags}")
        return np.dtype(self.code).newbyteorder(order)


@dataclass
class PendingArray(Pending):
    """A numpy.ndarray without its content."""

    def build(self, state: object) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        """Return the array of a state (version, shape, dtype, Fortran order, bytes)."""
        if type(state) is not tuple or len(state) != 5:
            raise ValueError("the state of a numpy.ndarray is not its five parts")
        version, shape, dtype, fortran, data = state
        if integer(version, "the version of an array") != 1 or type(fortran) is not bool:
            raise ValueError(f"an array of version {version}, order {describe(fortran)}")
        return _array(data, dtype, shape, "F" if fortran else "C")


def sizes(value: object, what: str) -> tuple[int, ...]:
    """Return a tuple of sizes after checking its type."""
    if type(value) is not tuple or len(value) > MAX_DIMENSIONS:
        raise ValueError(f"{what} is {describe(value)}, not a tuple of up to {MAX_DIMENSIONS}")
    return tuple(integer(item, what) for item in value)


def integer(value: object, what: str) -> int:
    """Return an integer after checking its type."""
    if type(value) is not int:
        raise ValueError(f"{what} is {describe(value)}, not an integer")
    return value


def arity(args: Arguments, fewest: int, most: int, what: str) -> Arguments:
    """Return the arguments after checking their number."""
    if not fewest <= len(args) <= most:
        given = format_count(len(args), "argument")
        raise ValueError(f"{what} is given {given}, it takes {fewest} to {most}")
    return args


def _array(
    data: object, dtype: object, shape: object, order: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    if not isinstance(dtype, np.dtype):
        raise ValueError(f"the dtype of an array is {describe(dtype)}")
    lengths = sizes(shape, "the shape of an array")
    content = _content(data)
    if min(lengths, default=0) < 0 or math.prod(lengths) * dtype.itemsize != len(content):
        given = format_count(len(content), "byte")
        raise ValueError(f"{given} for an array of shape {lengths} of {dtype.name}")
    if not content:
        return np.zeros(_bounded(lengths), dtype)
    flat = np.frombuffer(content, dtype)
    return flat.reshape(lengths, order="F" if order == "F" else "C")


def _bounded(lengths: tuple[int, ...]) -> tuple[int, ...]:
    if max(lengths) >= 2**31:
        raise ValueError(f"an empty array of shape {lengths}")
    return lengths


def _content(data: object) -> bytearray:
    """Return a copy of the bytes of an array, so that it can be written to."""
    if isinstance(data, (bytes, bytearray)):
        return bytearray(data)
    if isinstance(data, str) and data.isascii():  # a string of Python 2
        return bytearray(data.encode())
    raise ValueError(f"the content of an array is {describe(data)}")


def check_array_dtype(code: object) -> str:
    """Return a NumPy dtype's code without byte order; ValueError unless of numbers or text."""
    if type(code) is not str or not _ARRAY_TYPE.fullmatch(code):
        raise ValueError(f"numpy dtype {describe(code)} is not allowed: only numbers and text are")
    return code


def _make_dtype(args: Arguments) -> PendingDType:
    return PendingDType(check_array_dtype(arity(args, 1, 3, "numpy.dtype")[0]))


def _reconstruct(args: Arguments) -> PendingArray:
    if len(args) != 3 or args[0] is not _NDARRAY:
        raise ValueError("numpy's _reconstruct makes a numpy.ndarray and nothing else")
    return PendingArray()


def _from_buffer(args: Arguments) -> object:
    data, dtype, shape, order = arity(args, 4, 4, "numpy's _frombuffer")
    if type(order) is not str or order not in ("C", "F"):
        raise ValueError(f"the order of an array is {describe(order)}")
    return _array(data, dtype, shape, order)


def _scalar(args: Arguments) -> object:
    dtype, data = arity(args, 2, 2, "numpy's scalar")
    return _array(data, dtype, (), "C")[()]


def _encode(args: Arguments) -> bytes:
    text, encoding = arity(args, 2, 2, "_codecs.encode")
    if type(text) is not str or type(encoding) is not str or encoding not in _ENCODINGS:
        raise ValueError(f"_codecs.encode takes text and one of {', '.join(_ENCODINGS)}")
    return text.encode(encoding)


def _bytes(args: Arguments) -> bytes:
    arity(args, 0, 0, "bytes")
    return b""


def _bytearray(args: Arguments) -> bytearray:
    if len(args) == 1 and type(args[0]) is bytes:
        return bytearray(args[0])
    return bytearray(_encode(args) if args else b"")


def _complex(args: Arguments) -> complex:
    real, imaginary = arity(args, 2, 2, "complex")
    if not isinstance(real, float) or not isinstance(imaginary, float):
        raise ValueError("complex takes two floats")
    return complex(real, imaginary)


def _items(args: Arguments, what: str) -> list[object]:
    items = args[0] if arity(args, 0, 1, what) else ()
    if not isinstance(items, (list, tuple)):
        raise ValueError(f"{what} is made of {describe(items)}")
    return list(items)


def _checked_keys(keys: list[object], what: str) -> list[object]:
    if unusual_keys(keys) > _MAX_UNUSUAL_KEYS:
        raise ValueError(f"{what} has more than {_MAX_UNUSUAL_KEYS} keys that are not text")
    return keys


def _ordered_dict(args: Arguments) -> OrderedDict[object, object]:
    keys, values = [], []
    for pair in _items(args, "OrderedDict"):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError("OrderedDict is made of something other than pairs")
        keys.append(pair[0])
        values.append(pair[1])
    return OrderedDict(zip(_checked_keys(keys, "OrderedDict"), values, strict=True))


def _set(args: Arguments) -> set[object]:
    return set(_checked_keys(_items(args, "set"), "set"))


def _frozenset(args: Arguments) -> frozenset[object]:
    return frozenset(_checked_keys(_items(args, "frozenset"), "frozenset"))


_NDARRAY = Marker("numpy.ndarray")

_MAKERS: dict[tuple[str, str], Callable[[Arguments], object]] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _make_dtype,
    **{
        (module, name): make
        for module in ("builtins", "__builtin__")
        for name, make in {
            "set": _set,
            "frozenset": _frozenset,
            "bytearray": _bytearray,
            "bytes": _bytes,
            "complex": _complex,
        }.items()
    },
    # numpy 2 moved numpy.core to numpy._core; files use both names.
    **{
        (f"numpy.{core}.{module}", name): make
        for core in ("core", "_core")
        for module, name, make in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}

BASIC_GLOBALS: Mapping[tuple[str, str], object] = {
    **{key: Constructor(".".join(key), make) for key, make in _MAKERS.items()},
    ("numpy", "ndarray"): _NDARRAY,
}
