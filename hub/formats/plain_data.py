"""Limits on the nesting and size of unpickled data, so that recursion over it is safe."""

from __future__ import annotations

import datetime
import enum
import pathlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import numpy as np

from hub.formats.attributes import parts, replace_part
from hub.formats.buffer import Buffer
from hub.formats.dtypes import DType

MAX_DEPTH = 100
MAX_EXPANDED = 1 << 24
_MAX_KEY_PARTS = 64
_SCALARS = (type(None), bool, int, float, complex, str, bytes)
_DATES = (datetime.date, datetime.time, datetime.timedelta, datetime.timezone)
_NAMED = (np.generic, enum.Enum, pathlib.PurePath, *_DATES)
_LEAVES = (*_SCALARS, *_NAMED, bytearray, range, slice, Buffer, DType, np.ndarray, np.dtype)
_SEQUENCES: tuple[Any, ...] = (list, tuple, set, frozenset, deque)
_WITHOUT_ATTRIBUTES = frozenset((*_SEQUENCES, dict))


def check_structure(root: object, holders: Collection[type] = ()) -> None:
    """Raise ValueError unless `root` is plain data that can be traversed.

    Plain data is scalars, buffers, arrays and dtypes in lists, tuples, sets and dicts, and in the
    attributes of the classes `holders`. It may share parts but not contain itself, nests at most
    MAX_DEPTH deep, and has at most MAX_EXPANDED parts if shared ones count each time ("billion
    laughs").

    >>> check_structure({"a": [1, 2.0, "three"]})
    """
    # Depth and expanded number of parts of each traversed container.
    measured: dict[int, tuple[int, int]] = {}
    open_containers: set[int] = set()
    path: list[tuple[list[object], int, Iterator[object]]] = []

    def enter(container: object) -> None:
        if id(container) in open_containers:
            raise ValueError("an object contains itself")
        if len(path) >= MAX_DEPTH:
            raise ValueError(f"objects are nested more than {MAX_DEPTH} deep")
        open_containers.add(id(container))
        values = _values_in(container)
        path.append((values, id(container), iter(_containers_among(values, holders))))

    for top in _containers_among([root], holders):
        enter(top)
    while path:
        values, key, rest = path[-1]
        unmeasured = next((child for child in rest if id(child) not in measured), None)
        if unmeasured is not None:
            enter(unmeasured)
            continue
        path.pop()
        open_containers.remove(key)
        measured[key] = _measure(values, measured)


def replace_values(
    root: object, kinds: tuple[type, ...], convert: Callable[[object], object]
) -> object:
    """Return `root`, which has passed `check_structure`, with all values of `kinds` converted.

    Shared values are converted once. Containers are changed in place; only tuples with a changed
    item are rebuilt.

    >>> replace_values({"a": [1, (2, "x")]}, (int,), lambda value: value + 1)
    {'a': [2, (3, 'x')]}
    """
    # References to the originals, so that no other object gets one's id.
    done: dict[int, tuple[object, object]] = {}

    def replaced(value: object) -> object:
        if id(value) in done:
            return done[id(value)][1]
        if isinstance(value, kinds):
            result = convert(value)
        elif isinstance(value, _LEAVES):
            return value
        elif isinstance(value, tuple):
            items = [replaced(item) for item in value]
            same = all(new is old for new, old in zip(items, value, strict=True))
            result = value if same else tuple.__new__(type(value), items)
        else:
            result = value
            _replace_inside(value, replaced)
        done[id(value)] = (value, result)
        return result

    return replaced(root)


def _replace_inside(container: object, replaced: Callable[[object], object]) -> None:
    if isinstance(container, dict):
        for key, value in list(dict.items(container)):
            new = replaced(value)
            if new is not value:
                dict.__setitem__(container, key, new)
    elif isinstance(container, (list, deque)):
        base: Any = list if isinstance(container, list) else deque
        for index, value in enumerate(_values_in(container)[: len(container)]):
            base.__setitem__(container, index, replaced(value))
    if type(container) not in _WITHOUT_ATTRIBUTES:
        for name, value in parts(container):
            new = replaced(value)
            if new is not value:
                replace_part(container, name, new)


def _measure(values: list[object], measured: dict[int, tuple[int, int]]) -> tuple[int, int]:
    depth, count = 1, 1 + len(values)
    for value in values:
        child_depth, child_count = measured.get(id(value), (0, 0))
        depth = max(depth, 1 + child_depth)
        count += child_count
    if depth > MAX_DEPTH:
        raise ValueError(f"objects are nested more than {MAX_DEPTH} deep")
    if count > MAX_EXPANDED:
        raise ValueError(f"shared objects unfold to more than {MAX_EXPANDED} parts")
    return depth, count


def _values_in(container: object) -> list[object]:
    """Return the values directly inside a container, those of its attributes last."""
    values: list[object] = []
    if isinstance(container, dict):
        values = list(dict.values(container))
    for base in _SEQUENCES:
        if isinstance(container, base):
            values = list(base.__iter__(container))
    if type(container) not in _WITHOUT_ATTRIBUTES:
        values += [value for _, value in parts(container)]
    return values


def _containers_among(values: list[object], holders: Collection[type]) -> list[object]:
    """Return those that are containers, and raise ValueError for values that are not plain data."""
    found: list[object] = []
    for value in values:
        if isinstance(value, _LEAVES):
            continue
        if isinstance(value, (dict, *_SEQUENCES)) or type(value) in holders:
            found.append(value)
        else:
            raise ValueError(f"{describe(value)} is left over as a value")
    return found


def unusual_keys(keys: Iterable[object]) -> int:
    """Return the number of parts in keys that are not text, bytes or small integers.

    A file may contain numbers with colliding hashes, for which a dict takes quadratic time: the
    caller limits their number. Raises ValueError for keys that are not scalars, dates, paths,
    enumeration members or small tuples of them.
    """
    total = 0
    for key in keys:
        if type(key) in (str, bytes) or (type(key) is int and abs(key) < 2**32):
            continue
        total += _key_parts(key)
    return total


def _key_parts(key: object) -> int:
    waiting, count = [key], 0
    while waiting:
        part = waiting.pop()
        count += 1
        if type(part) is tuple and count + len(part) <= _MAX_KEY_PARTS:
            waiting.extend(part)
        elif not (type(part) in _SCALARS or isinstance(part, _NAMED)) or count > _MAX_KEY_PARTS:
            raise ValueError(f"{describe(part)} is used as a key")
    return count


def describe(value: object) -> str:
    """A short description of an object, for errors.

    >>> describe(3), describe([1, 2])
    ('int 3', 'a list')
    """
    name = getattr(value, "qualified_name", None)
    if isinstance(name, str):
        return name
    if isinstance(value, (str, bytes)):
        return f"{type(value).__name__} {value[:60]!r}"
    if value is None or type(value) in (bool, int, float):
        return f"{type(value).__name__} {value!r:.60}"
    return f"a {type(value).__name__}"
