"""``torch.jit``: TorchScript is not implemented; its decorators return the code unchanged."""

# `from __future__ import annotations` would define the name of PyTorch's module annotations.
import functools
import warnings
from typing import Any, Final as Final, NoReturn

from engine.nn.module import Module


def is_scripting() -> bool:
    """Returns False: code never runs as TorchScript.

    >>> import engine
    >>> engine.jit.is_scripting()
    False
    """
    return False


def is_tracing() -> bool:
    """Returns False: code is never traced."""
    return False


def ignore(drop: Any = False, **_: Any) -> Any:
    """Decorates functions that TorchScript must not compile: returns them unchanged."""
    return drop if callable(drop) else (lambda function: function)


def unused(fn: Any) -> Any:
    """Returns ``fn`` unchanged, as do ``export``, ``interface`` and ``script_if_tracing``."""
    return fn


export = interface = script_if_tracing = _script_if_tracing = _overload_method = _overload = unused


def annotate(the_type: Any, the_value: Any) -> Any:
    """Returns Returns ``the_value``."""
    return the_value


@functools.cache
def _warn_once() -> None:
    warnings.warn(
        "jit.script: TorchScript is not implemented yet: the code runs as Python", stacklevel=3
    )


def script(obj: Any, *_: Any, **__: Any) -> Any:
    """Returns ``obj`` unchanged, with a warning at the first call: it runs as Python."""
    _warn_once()
    return obj


def _refuse(name: str) -> NoReturn:
    raise NotImplementedError(f"jit.{name}: TorchScript is not implemented yet")


def trace(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError."""
    _refuse("trace")


def load(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError: TorchScript files contain code."""
    _refuse("load")


def save(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError."""
    _refuse("save")


def freeze(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError."""
    _refuse("freeze")


class ScriptModule(Module):
    """The class of scripted modules, for ``isinstance``: there are none."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _refuse("ScriptModule")


class ScriptFunction:
    """The class of scripted functions, for ``isinstance``: there are none."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _refuse("ScriptFunction")
