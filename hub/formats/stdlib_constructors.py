"""Constructors of the standard library's plain data for the restricted unpickler.

Containers, ranges, paths and dates: their constructors run only the library's own code, and
arguments are checked before.
"""

from __future__ import annotations

import argparse
import datetime
import pathlib
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from hub.formats.constructors import (
    BASIC_GLOBALS,
    Arguments,
    Constructor,
    Marker,
    arity,
    integer,
)
from hub.formats.plain_data import describe

_MAX_LENGTH = 2**31


def _defaultdict(args: Arguments) -> defaultdict[object, object]:
    factory = arity(args, 0, 1, "defaultdict")[0] if args else None
    if factory is None:
        return defaultdict()
    made = _FACTORIES.get(getattr(factory, "qualified_name", ""))
    if made is None:
        raise ValueError(f"a defaultdict makes its values by {describe(factory)}")
    return defaultdict(made)


def _counter(args: Arguments) -> Counter[object]:
    counts = arity(args, 0, 1, "Counter")[0] if args else {}
    if type(counts) is not dict:
        raise ValueError(f"a Counter is made of {describe(counts)}")
    made: Counter[object] = Counter()
    dict.update(made, counts)
    return made


def _deque(args: Arguments) -> deque[object]:
    given = arity(args, 0, 2, "deque")
    items, length = given[0] if given else (), given[1] if len(given) > 1 else None
    if not isinstance(items, (list, tuple)):
        raise ValueError(f"a deque is made of {describe(items)}")
    if length is None:
        return deque(items)
    most = integer(length, "the length of a deque")
    if not 0 <= most < _MAX_LENGTH:
        raise ValueError(f"a deque of up to {most} items")
    return deque(items, most)


def _range(args: Arguments) -> range:
    return range(*(integer(part, "a range") for part in arity(args, 1, 3, "range")))


def _slice(args: Arguments) -> slice:
    for part in arity(args, 3, 3, "slice"):
        if part is not None:
            integer(part, "a slice")
    return slice(*args)


def _namespace(args: Arguments) -> argparse.Namespace:
    arity(args, 0, 0, "Namespace")
    return argparse.Namespace()


def _simple_namespace(args: Arguments) -> types.SimpleNamespace:
    arity(args, 0, 0, "SimpleNamespace")
    return types.SimpleNamespace()


def _path(cls: type[pathlib.PurePath]) -> Callable[[Arguments], pathlib.PurePath]:
    def make(args: Arguments) -> pathlib.PurePath:
        if not all(type(part) is str for part in args):
            raise ValueError("a path is made of something other than text")
        return cls(*(str(part) for part in args))

    return make


def _moment(cls: type[Any], kinds: tuple[type, ...]) -> Callable[[Arguments], object]:
    """Create a date or time from its packed form in pickles."""

    def make(args: Arguments) -> object:
        if not args or type(args[0]) not in kinds or len(args) > 3:
            raise ValueError(f"{cls.__name__} is made of {describe(args[0] if args else args)}")
        for part in args[1:]:
            if not isinstance(part, (int, str, datetime.timezone)):
                raise ValueError(f"{cls.__name__} is made of {describe(part)}")
        try:
            return cls(*args)
        except (TypeError, OverflowError) as error:
            raise ValueError(f"{cls.__name__}: {error}") from None

    return make


# A path of another system becomes a pure path, which cannot be opened.
_OWN = type(pathlib.Path())
_PATHS: dict[str, type[pathlib.PurePath]] = {
    "PurePosixPath": pathlib.PurePosixPath,
    "PureWindowsPath": pathlib.PureWindowsPath,
    "PosixPath": _OWN if issubclass(_OWN, pathlib.PurePosixPath) else pathlib.PurePosixPath,
    "WindowsPath": _OWN if issubclass(_OWN, pathlib.PureWindowsPath) else pathlib.PureWindowsPath,
}

# Pickles of protocol 2 use the names of Python 2.
_BUILTINS = {
    **{cls.__name__: cls for cls in (bool, dict, float, int, list, str, tuple)},
    "long": int,
    "unicode": str,
}
_FACTORIES: dict[str, type] = {
    f"{module}.{name}": made
    for module in ("builtins", "__builtin__")
    for name, made in {**_BUILTINS, "set": set}.items()
} | {"collections.OrderedDict": OrderedDict, "collections.Counter": Counter}

_MAKERS: dict[tuple[str, str], Callable[[Arguments], object]] = {
    ("argparse", "Namespace"): _namespace,
    ("types", "SimpleNamespace"): _simple_namespace,
    ("collections", "Counter"): _counter,
    ("collections", "defaultdict"): _defaultdict,
    ("collections", "deque"): _deque,
    ("builtins", "range"): _range,
    ("__builtin__", "xrange"): _range,
    **{(module, "slice"): _slice for module in ("builtins", "__builtin__")},
    ("datetime", "date"): _moment(datetime.date, (bytes,)),
    ("datetime", "time"): _moment(datetime.time, (bytes,)),
    ("datetime", "datetime"): _moment(datetime.datetime, (bytes,)),
    ("datetime", "timedelta"): _moment(datetime.timedelta, (int,)),
    ("datetime", "timezone"): _moment(datetime.timezone, (datetime.timedelta,)),
    # Python 3.13 moved the classes of pathlib.
    **{
        (module, name): _path(cls)
        for module in ("pathlib", "pathlib._local")
        for name, cls in _PATHS.items()
    },
}

PLAIN_GLOBALS: Mapping[tuple[str, str], object] = {
    **BASIC_GLOBALS,
    **{key: Constructor(".".join(key), make) for key, make in _MAKERS.items()},
    **{
        (module, name): Marker(f"{module}.{name}")
        for module in ("builtins", "__builtin__")
        for name in _BUILTINS
    },
}
