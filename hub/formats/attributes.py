"""Attributes of objects, read and set without running methods or properties of their class."""

from __future__ import annotations

import copyreg
import types
from collections.abc import Iterator, Mapping
from typing import Any, cast


def own_attributes(value: object) -> dict[str, object] | None:
    """Return the `__dict__` of an object itself; None if it has none."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return found if isinstance(found, dict) else None


def slot_names(cls: type) -> list[str]:
    """Return the names in the `__slots__` of a class and its bases."""
    return [] if issubclass(cls, tuple) else cast(Any, copyreg)._slotnames(cls)


def parts(value: object) -> Iterator[tuple[str, object]]:
    """Yield the names and values of an object's attributes, those in slots too.

    >>> import types
    >>> list(parts(types.SimpleNamespace(a=1)))
    [('a', 1)]
    """
    yield from list((own_attributes(value) or {}).items())
    for name in slot_names(type(value)):
        try:
            yield name, _slot(type(value), name).__get__(value)
        except AttributeError:  # a slot that was never set
            continue


def set_attributes(value: object, attributes: Mapping[str, object]) -> None:
    """Set attributes in the `__dict__` of an object; ValueError if it has none."""
    own = own_attributes(value)
    if own is None:
        raise ValueError(f"{type(value).__qualname__} has no attributes beside its slots")
    own.update(attributes)


def set_slots(value: object, attributes: Mapping[str, object]) -> None:
    """Set attributes that are slots; ValueError for others."""
    for name, item in attributes.items():
        _slot(type(value), name).__set__(value, item)


def replace_part(value: object, name: str, item: object) -> None:
    """Set one attribute that `parts` yields."""
    own = own_attributes(value)
    if own is not None and name in own:
        own[name] = item
    else:
        set_slots(value, {name: item})


def _slot(cls: type, name: str) -> Any:
    for base in cls.__mro__:
        if name in vars(base):
            if isinstance(vars(base)[name], types.MemberDescriptorType):
                return vars(base)[name]
            break
    raise ValueError(f"{cls.__qualname__} has no slot {name!r:.80}")
