"""``torch.compile`` and ``torch.compiler``: programs run op by op; nothing is compiled yet."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any


@functools.cache
def _warn_once() -> None:
    warnings.warn(
        "compile: compilation is not there yet: the model is given back and runs op by op",
        stacklevel=3,
    )


def compile(model: Any = None, **options: Any) -> Any:
    """``model`` itself: compilation is not there yet, as a warning says at the first call.

    Also a decorator, with or without options. ``options`` are PyTorch's and are not read.

    >>> import engine
    >>> @engine.compile
    ... def double(x): return 2 * x
    >>> double(engine.ones(1))
    tensor([2.])
    """
    _warn_once()
    return (lambda function: function) if model is None else model


def is_compiling() -> bool:
    """Whether a program is being compiled: never."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def disable(fn: Callable[..., Any] | None = None, recursive: bool = True, **_: Any) -> Any:
    """A decorator for functions that must not be compiled: it gives them back."""
    return (lambda function: function) if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """``fn`` itself: there is no graph."""
    return fn


def reset() -> None:
    """Forgets compiled programs: there are none."""


def cudagraph_mark_step_begin() -> None:
    """Marks a step for recorded device work: there is none."""
