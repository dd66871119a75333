"""Limits on the shape of what a pickle makes, so that whoever walks it needs no guard."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from hub.formats.buffer import Buffer
from hub.formats.dtypes import DType

MAX_DEPTH = 100
MAX_EXPANDED = 1 << 24
_MAX_KEY_PARTS = 64
_SCALARS = (type(None), bool, int, float, complex, str, bytes)
_LEAVES = (*_SCALARS, bytearray, Buffer, DType, np.ndarray, np.generic, np.dtype)


def check_structure(root: object) -> None:
    """Raise ValueError unless `root` is plain data that can be walked.

    Plain data is scalars, buffers, arrays and dtypes in lists, tuples, sets and dicts. It may
    share parts but not contain itself, nests at most MAX_DEPTH deep, and has at most MAX_EXPANDED
    parts when those that are shared count each time ("billion laughs").

    >>> check_structure({"a": [1, 2.0, "three"]})
    """
    # For each container that has been walked: how deep it nests and how many parts it unfolds to.
    measured: dict[int, tuple[int, int]] = {}
    open_containers: set[int] = set()
    path: list[tuple[Collection[object], Iterator[Collection[object]]]] = []

    def enter(container: Collection[object]) -> None:
        if id(container) in open_containers:
            raise ValueError("an object contains itself")
        if len(path) >= MAX_DEPTH:
            raise ValueError(f"objects are nested more than {MAX_DEPTH} deep")
        open_containers.add(id(container))
        path.append((container, iter(_containers_in(container))))

    for top in _containers_in([root]):
        enter(top)
    while path:
        container, rest = path[-1]
        unmeasured = next((child for child in rest if id(child) not in measured), None)
        if unmeasured is not None:
            enter(unmeasured)
            continue
        path.pop()
        open_containers.remove(id(container))
        measured[id(container)] = _measure(container, measured)


def _measure(
    container: Collection[object], measured: dict[int, tuple[int, int]]
) -> tuple[int, int]:
    depth, parts = 1, 1 + len(container)
    for child in _containers_in(container):
        child_depth, child_parts = measured[id(child)]
        depth = max(depth, 1 + child_depth)
        parts += child_parts
    if depth > MAX_DEPTH:
        raise ValueError(f"objects are nested more than {MAX_DEPTH} deep")
    if parts > MAX_EXPANDED:
        raise ValueError(f"shared objects unfold to more than {MAX_EXPANDED} parts")
    return depth, parts


def _containers_in(container: Collection[object]) -> list[Collection[object]]:
    """Return the containers directly inside, and raise ValueError for what is not plain data."""
    values: Iterable[object] = container
    if isinstance(container, dict):
        # State dicts carry the versions of modules in an attribute.
        values = [*container.values(), getattr(container, "_metadata", None)]
    found: list[Collection[object]] = []
    for value in values:
        if isinstance(value, (list, tuple, dict, set, frozenset)):
            found.append(value)
        elif not isinstance(value, _LEAVES):
            raise ValueError(f"{describe(value)} is left over as a value")
    return found


def unusual_keys(keys: Iterable[object]) -> int:
    """Return how many parts the keys have that are not text, bytes or small integers.

    Whoever writes a file can choose numbers whose hashes collide, so that a dict of them takes
    quadratic time: the caller limits how many it takes. Raises ValueError for keys that are not
    scalars or small tuples of scalars.
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
        elif type(part) not in _SCALARS or count > _MAX_KEY_PARTS:
            raise ValueError(f"{describe(part)} is used as a key")
    return count


def describe(value: object) -> str:
    """Say what an object is in a few words, for errors.

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
