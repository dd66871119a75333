"""Messages for arguments that do not fit: the argument at fault, and the function the user called.

Nothing here runs before a function has raised: see Note [Guarded functions] in
csrc/python/errors.cpp. Ops and other functions of engine._C speak for themselves.
"""

from __future__ import annotations

import collections.abc
import functools
import inspect
import math
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any, TypeVar

from engine import _C

F = TypeVar("F", bound=Callable[..., Any])


def guarded(function: F) -> F:
    """Wraps ``function`` so that its errors name the argument that does not fit its annotation."""
    if not isinstance(function, types.FunctionType):
        return function
    return typing.cast(F, _C._guard(function, functools.partial(explained, function)))


def guard_functions(namespace: dict[str, Any], names: Iterable[str] | None = None) -> None:
    """Guards a module's public functions: those named, or all that it defines.

    So does the module that defines them, where pickle looks for them. Names that are imported at
    their first use are passed over, here and by guard_constructors.
    """
    here = namespace["__name__"]
    for name in names or [n for n, v in namespace.items() if getattr(v, "__module__", "") == here]:
        if isinstance(namespace.get(name), types.FunctionType) and not name.startswith("_"):
            function = namespace[name]
            namespace[name] = guarded(function)
            setattr(sys.modules[function.__module__], name, namespace[name])


def guard_constructors(namespace: dict[str, Any], names: Iterable[str]) -> None:
    """Guards the constructors of those of a module's public names that are classes."""
    for name in names:
        found = namespace.get(name)
        if isinstance(found, type) and isinstance(found.__init__, types.FunctionType):  # type: ignore[misc]
            found.__init__ = guarded(found.__init__)  # type: ignore[misc]


def explained(
    function: Callable[..., Any], error: Exception, /, *args: Any, **kwargs: Any
) -> TypeError | None:
    """The error that says which argument does not fit; None if all do.

    >>> from engine._argument_errors import explained
    >>> def half(x: int) -> int: ...
    >>> explained(half, TypeError(), "one")
    TypeError("half: argument 'x': expected int, got str")
    """
    misfit = _misfit(function, args, kwargs)
    if misfit is None:
        return None
    of_class = function.__name__ in ("__init__", "forward") and args
    title = type(args[0]).__name__ if of_class else function.__name__
    plain = TypeError(f"{title}: {misfit}").with_traceback(error.__traceback__)
    plain.__suppress_context__ = True
    return plain


def explained_layer(layer: Any, error: Exception, /, *args: Any, **kwargs: Any) -> TypeError | None:
    """The same for a layer of this package that was called; None for the user's own."""
    forward = type(layer).forward
    if not forward.__module__.startswith("engine."):
        return None
    return explained(forward, error, layer, *args, **kwargs)


def _misfit(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str | None:
    """Why a call fits no parameters, or which argument is of another type than annotated."""
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        return str(error)
    for name, value in bound.items():
        parameter = signature.parameters[name]
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        hint = _evaluated(parameter.annotation, function)
        for one in value if parameter.kind is inspect.Parameter.VAR_POSITIONAL else (value,):
            if not _fits(one, hint):
                return f"argument '{name}': expected {_named(hint)}, got {_described(one)}"
    return None


def _evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    if annotation is inspect.Parameter.empty:
        return Any
    try:
        return eval(annotation, function.__globals__) if isinstance(annotation, str) else annotation
    except (NameError, AttributeError):  # imported for type checkers only
        return Any


def _fits(value: Any, hint: Any) -> bool:
    """Tell whether an annotation accepts ``value``; in doubt it does."""
    if _is_union(hint):
        return any(_fits(value, one) for one in typing.get_args(hint))
    origin = typing.get_origin(hint) or hint
    if origin in _SEQUENCES:
        return _fits_sequence(value, typing.get_args(hint))
    if origin in _ACCEPTED:
        return _ACCEPTED[origin](value)
    return not isinstance(origin, type) or isinstance(value, origin)


def _fits_sequence(value: Any, inner: tuple[Any, ...]) -> bool:
    if isinstance(value, (str, bytes)) or not isinstance(value, collections.abc.Sequence):
        return False
    each = [one for one in inner if one is not ...]
    if len(each) == 1:
        return all(_fits(item, each[0]) for item in value)
    return not each or (len(each) == len(value) and all(map(_fits, value, each)))


def _is_int64(value: Any) -> bool:
    try:
        value.__index__()
    except (AttributeError, TypeError):
        return False
    return not isinstance(value, int) or value in _INT64


def _is_number(value: Any) -> bool:
    try:
        math.isnan(value)
    except OverflowError:
        return True
    except (TypeError, ValueError, RuntimeError):
        return False
    return True


def _is_file(value: Any) -> bool:
    return hasattr(value, "read") or hasattr(value, "write")


_INT64 = range(-(2**63), 2**63)
_SEQUENCES = (list, tuple, collections.abc.Sequence)
# The values that annotations accept and their names in messages, where those are not instances
# and __name__.
_ACCEPTED: dict[Any, Callable[[Any], bool]] = {
    Any: lambda value: True,
    None: lambda value: value is None,
    int: _is_int64,
    typing.SupportsIndex: _is_int64,
    float: _is_number,
    bool: lambda value: isinstance(value, int),
    _C.dtype: lambda value: isinstance(value, (_C.dtype, type)),
    typing.BinaryIO: _is_file,
}
_WORDS: dict[Any, str] = {
    None: "None",
    types.NoneType: "None",
    typing.SupportsIndex: "int",
    typing.BinaryIO: "a binary file",
    collections.abc.Callable: "a function",
}


def _named(hint: Any) -> str:
    """An annotation in words: ``int | Sequence[int] | None`` is "int, a list of int or None"."""
    if _is_union(hint):
        *most, last = dict.fromkeys(map(_named, typing.get_args(hint)))
        return f"{', '.join(most)} or {last}" if most else last
    origin = typing.get_origin(hint) or hint
    if origin in _SEQUENCES:
        inner = [_named(one) for one in typing.get_args(hint) if one is not ...]
        return "a list of " + " and ".join(inner) if inner else "a list"
    return _WORDS.get(origin, getattr(origin, "__name__", str(origin)))


def _described(value: Any) -> str:
    name = type(value).__name__
    if isinstance(value, int) and value not in _INT64:
        return f"{value}, which does not fit in 64 bits"
    if isinstance(value, (list, tuple)) and value:
        return f"{name} of {' and '.join(dict.fromkeys(type(v).__name__ for v in value))}"
    return name


def _is_union(hint: Any) -> bool:
    return isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union


def called_function() -> str:
    """The function or layer of this package that the user called, '' if it was an op itself.

    Of the functions between the op and the user's code it is the outermost public one; a layer
    speaks for itself, whoever holds it.
    """
    from engine.nn.module import Module

    frame: FrameType | None = sys._getframe(1)
    name = ""
    while frame and frame.f_globals.get("__name__", "").startswith("engine."):
        code = frame.f_code
        if code is Module.__call__.__code__:
            return type(frame.f_locals["self"]).__name__
        if code.co_name == "<module>":  # an example in a docstring
            break
        if code.co_name == "__init__":
            name = type(frame.f_locals["self"]).__name__
        elif code.co_name == "__new__":
            name = frame.f_locals["cls"].__name__
        elif not code.co_name.startswith(("_", "<")):
            name = code.co_qualname.partition(".<locals>")[0]
        frame = frame.f_back
    return name
