"""The live dicts `_parameters`, `_buffers` and `_modules` of a Module."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any


class Registry(MutableMapping[str, Any]):
    """The attributes of a module whose names are listed in `names`, as a live dict.

    Note [Storage of a module's tensors]: parameters, buffers and children are stored in the
    module's __dict__, so that reading `self.weight` is a plain attribute load; in addition the
    module stores the ordered names of each kind. This view joins the two. It is created at each
    access and not stored: a reference from the module would be a cycle and keep the memory of
    every module until the next garbage collection.
    """

    __slots__ = ("_attributes", "_names")

    def __init__(self, attributes: dict[str, Any], names: dict[str, Any]) -> None:
        self._attributes = attributes
        self._names = names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._attributes[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._names.setdefault(name, True)
        self._attributes[name] = value

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        del self._attributes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __repr__(self) -> str:
        return repr(dict(self))
