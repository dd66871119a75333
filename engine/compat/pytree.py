"""``torch.utils._pytree``: nested lists, tuples and dicts as a flat list and a description."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TreeSpec:
    """The structure of nested containers: the type, its keys, and the structures of its items.

    ``type`` is None for a leaf.
    """

    type: Any
    context: Any
    children: tuple[TreeSpec, ...]

    @property
    def num_leaves(self) -> int:
        return 1 if self.type is None else sum(child.num_leaves for child in self.children)


def _is_named_tuple(tree: Any) -> bool:
    return isinstance(tree, tuple) and hasattr(tree, "_fields")


def tree_flatten(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[Any], TreeSpec]:
    """The leaves of nested containers, and their structure.

    >>> from engine.utils._pytree import tree_flatten, tree_unflatten
    >>> leaves, spec = tree_flatten({"a": [1, 2], "b": 3}); leaves
    [1, 2, 3]
    >>> tree_unflatten([4, 5, 6], spec)
    {'a': [4, 5], 'b': 6}
    """
    kind = type(tree)
    if is_leaf is not None and is_leaf(tree):
        return [tree], TreeSpec(None, None, ())
    if kind in (dict, OrderedDict):
        context, items = list(tree), list(tree.values())
    elif kind in (list, tuple) or _is_named_tuple(tree):
        context, items = None, list(tree)
    else:
        return [tree], TreeSpec(None, None, ())
    parts = [tree_flatten(item, is_leaf) for item in items]
    leaves = [leaf for part, _ in parts for leaf in part]
    return leaves, TreeSpec(kind, context, tuple(spec for _, spec in parts))


def tree_unflatten(leaves: Sequence[Any], treespec: TreeSpec) -> Any:
    """Nested containers of that structure with those leaves."""
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten: expected {treespec.num_leaves} leaves, got {len(leaves)}"
        )
    if treespec.type is None:
        return leaves[0]
    items, start = [], 0
    for child in treespec.children:
        items.append(tree_unflatten(leaves[start : start + child.num_leaves], child))
        start += child.num_leaves
    if treespec.context is not None:
        return treespec.type(zip(treespec.context, items, strict=True))
    return treespec.type(*items) if hasattr(treespec.type, "_fields") else treespec.type(items)


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any) -> Any:
    """``func`` of each leaf, and of the leaves at the same point of ``rests``."""
    leaves, spec = tree_flatten(tree)
    others = [tree_flatten(rest)[0] for rest in rests]
    return tree_unflatten([func(*args) for args in zip(leaves, *others, strict=True)], spec)


def tree_leaves(tree: Any) -> list[Any]:
    """The leaves alone."""
    return tree_flatten(tree)[0]
