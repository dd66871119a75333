"""Nested lists, tuples and dicts as a flat list and a description: ``torch.utils._pytree``."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Flatten = Callable[[Any], tuple[Any, Any]]
Unflatten = Callable[[Any, Any], Any]


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

    def __str__(self) -> str:
        if self.type is None:
            return "*"
        return f"{self.type.__name__}({', '.join(map(str, self.children))})"


_LEAF = TreeSpec(None, None, ())


def _sequence(kind: type) -> tuple[Flatten, Unflatten]:
    return (lambda tree: (list(tree), None)), (lambda items, _: kind(items))


def _mapping(kind: type) -> tuple[Flatten, Unflatten]:
    def unflatten(items: Any, keys: Any) -> Any:
        return kind(zip(keys, items, strict=True))

    return (lambda tree: (list(tree.values()), list(tree))), unflatten


def _flatten_defaultdict(tree: Any) -> tuple[Any, Any]:
    return list(tree.values()), (tree.default_factory, list(tree))


def _unflatten_defaultdict(items: Any, context: Any) -> Any:
    factory, keys = context
    return defaultdict(factory, zip(keys, items, strict=True))


_named_tuple: tuple[Flatten, Unflatten] = (
    lambda tree: (list(tree), type(tree)),
    lambda items, kind: kind(*items),
)
_containers: dict[type, tuple[Flatten, Unflatten]] = {
    list: _sequence(list),
    tuple: _sequence(tuple),
    dict: _mapping(dict),
    OrderedDict: _mapping(OrderedDict),
    defaultdict: (_flatten_defaultdict, _unflatten_defaultdict),
}


def _functions(kind: type) -> tuple[Flatten, Unflatten] | None:
    """The functions that flatten and rebuild containers of a type; None for leaves."""
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _named_tuple
    return _containers.get(kind)


def register_pytree_node(cls: type, flatten_fn: Flatten, unflatten_fn: Unflatten, **_: Any) -> None:
    """Makes instances of ``cls`` containers.

    ``flatten_fn(tree)`` returns the items and a context, ``unflatten_fn(items, context)`` the tree.
    """
    _containers[cls] = (flatten_fn, unflatten_fn)


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
    functions = _functions(type(tree))
    if functions is None or (is_leaf is not None and is_leaf(tree)):
        return [tree], _LEAF
    items, context = functions[0](tree)
    parts = [tree_flatten(item, is_leaf) for item in items]
    leaves = [leaf for part, _ in parts for leaf in part]
    return leaves, TreeSpec(type(tree), context, tuple(spec for _, spec in parts))


def tree_unflatten(leaves: Sequence[Any], treespec: TreeSpec) -> Any:
    """Nested containers of that structure with those leaves."""
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten: expected {treespec.num_leaves} leaves, got {len(leaves)}"
        )
    functions = None if treespec.type is None else _functions(treespec.type)
    if functions is None:
        return leaves[0]
    items, start = [], 0
    for child in treespec.children:
        items.append(tree_unflatten(leaves[start : start + child.num_leaves], child))
        start += child.num_leaves
    return functions[1](items, treespec.context)


def tree_map(
    func: Callable[..., Any],
    tree: Any,
    *rests: Any,
    is_leaf: Callable[[Any], bool] | None = None,
) -> Any:
    """``func`` of each leaf, and of the leaves at the same point of ``rests``."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [tree_flatten(rest, is_leaf)[0] for rest in rests]
    return tree_unflatten([func(*args) for args in zip(leaves, *others, strict=True)], spec)


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any) -> Any:
    """Calls ``func`` as ``tree_map`` does, for its effects; returns ``tree``."""
    tree_map(func, tree, *rests)
    return tree


def tree_map_only(kind: Any, func: Callable[..., Any], tree: Any) -> Any:
    """``func`` of the leaves of a type, or of one of several types; others stay."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kind) else leaf, tree)


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves alone."""
    return tree_flatten(tree, is_leaf)[0]


def tree_iter(tree: Any) -> Iterator[Any]:
    """The leaves, one after another."""
    return iter(tree_leaves(tree))


def tree_structure(tree: Any) -> TreeSpec:
    """The structure alone."""
    return tree_flatten(tree)[1]


def tree_all(pred: Callable[[Any], bool], tree: Any) -> bool:
    """True if ``pred`` holds for all leaves."""
    return all(map(pred, tree_leaves(tree)))


def tree_any(pred: Callable[[Any], bool], tree: Any) -> bool:
    """True if ``pred`` holds for any leaf."""
    return any(map(pred, tree_leaves(tree)))


def broadcast_prefix(prefix: Any, spec: TreeSpec) -> list[Any]:
    """One item of ``prefix`` for each leaf of a structure, of which it may spell out the top alone.

    A value that is no container of the structure's type applies to all leaves below. Raises
    ValueError if containers differ in length or keys.

    >>> from engine._pytree import broadcast_prefix, tree_structure
    >>> broadcast_prefix((0, None), tree_structure((1, {"a": 2, "b": 3})))
    [0, None, None]
    """
    functions = _functions(type(prefix))
    if functions is None:
        return [prefix] * spec.num_leaves
    items, context = functions[0](prefix)
    if type(prefix) is not spec.type or context != spec.context or len(items) != len(spec.children):
        raise ValueError(f"expected the structure of {spec}, got {prefix}")
    return [
        x
        for item, child in zip(items, spec.children, strict=True)
        for x in broadcast_prefix(item, child)
    ]
