"""``torch.fx``: tracing a module to a graph is not implemented yet."""

from __future__ import annotations

from typing import Any, NoReturn


def wrap(fn_or_name: Any) -> Any:
    """Marks a function as one node of a traced graph: returns ``fn_or_name`` unchanged."""
    return fn_or_name


def symbolic_trace(root: Any, *_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError."""
    raise NotImplementedError("fx.symbolic_trace: tracing to a graph is not implemented yet")
