"""Hook tables and removable handles, shared by tensors, modules and optimizers."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

_ids = itertools.count()


class Hook(NamedTuple):
    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False


class HookTable(dict[int, Hook]):
    """Hooks in the order in which they run. Handles refer to it weakly, so that they do not keep
    the owner of the hooks alive."""


class RemovableHandle:
    """Handle of a registered hook: `remove()`, or leaving a `with` block, unregisters it."""

    def __init__(self, id: int, remove: Callable[[], None]) -> None:
        self.id = id
        self.remove = remove

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def register(table: HookTable, hook: Hook, prepend: bool = False) -> RemovableHandle:
    """Append the hook to the table, or prepend it, and return its handle."""
    id = next(_ids)
    rest = dict(table) if prepend else {}
    for other in rest:
        del table[other]
    table[id] = hook
    table.update(rest)
    alive = weakref.ref(table)

    def remove() -> None:
        if (owner := alive()) is not None:
            owner.pop(id, None)

    return RemovableHandle(id, remove)
