"""``torch.jit``: TorchScript is not there; what only marks code for it leaves the code as it is."""

# Without annotations from __future__: that name is a module of PyTorch's.
import functools
import warnings
from typing import Any, Final as Final, NoReturn

from engine.nn.module import Module


def is_scripting() -> bool:
    """Whether the code runs as TorchScript: never.

    >>> import engine
    >>> engine.jit.is_scripting()
    False
    """
    return False


def is_tracing() -> bool:
    """Whether the code is being traced: never."""
    return False


def ignore(drop: Any = False, **_: Any) -> Any:
    """Decorates what TorchScript must not compile; here it changes nothing."""
    return drop if callable(drop) else (lambda function: function)


def unused(fn: Any) -> Any:
    """``fn`` itself, as do ``export``, ``interface`` and ``script_if_tracing``."""
    return fn


export = interface = script_if_tracing = _script_if_tracing = _overload_method = _overload = unused


def annotate(the_type: Any, the_value: Any) -> Any:
    """``the_value``."""
    return the_value


@functools.cache
def _warn_once() -> None:
    warnings.warn("jit.script: TorchScript is not there yet: the code runs as Python", stacklevel=3)


def script(obj: Any, *_: Any, **__: Any) -> Any:
    """``obj`` itself, which runs as Python, as a warning says at the first call."""
    _warn_once()
    return obj


def _refuse(name: str) -> NoReturn:
    raise NotImplementedError(f"jit.{name}: TorchScript is not there yet")


def trace(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError."""
    _refuse("trace")


def load(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError: TorchScript files hold code."""
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
