"""``torch.compile`` and ``torch.compiler``: programs run op by op; nothing is compiled yet."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any


@functools.cache
def _warn_once() -> None:
    warnings.warn(
        "compile: compilation is not implemented yet: the model is given back and runs op by op",
        stacklevel=3,
    )


def compile(model: Any = None, **options: Any) -> Any:
    """Returns ``model`` unchanged and warns at the first call: nothing is compiled yet.

    Also a decorator, with or without options. ``options`` are PyTorch's and are ignored.

    >>> import engine
    >>> @engine.compile
    ... def double(x): return 2 * x
    >>> double(engine.ones(1))
    tensor([2.])
    """
    _warn_once()
    return (lambda function: function) if model is None else model


def is_compiling() -> bool:
    """Returns False: programs are not compiled."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def disable(fn: Callable[..., Any] | None = None, recursive: bool = True, **_: Any) -> Any:
    """Decorates functions that must not be compiled: returns them unchanged."""
    return (lambda function: function) if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """Returns ``fn`` unchanged: there is no graph."""
    return fn


def reset() -> None:
    """Discards compiled programs: there are none."""


def cudagraph_mark_step_begin() -> None:
    """Marks a step for recorded device work: there is none."""
