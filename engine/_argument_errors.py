"""Messages for arguments that do not fit: the argument at fault, and the function the user called.

Runs only after a function has raised: see Note [Refused arguments] in csrc/python/guarded.cpp.
"""

from __future__ import annotations

import collections.abc
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

from engine import _C
from engine._lazy import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

_BOUND_LINE = re.compile(
    r"^    \d+\. [\w.]*(\(.*\))(?: -> .*)?$", re.MULTILINE
)  # of pybind11's message
_INT64 = range(-(2**63), 2**63)


def guarded(function: F, title: str | None = None) -> F:
    """Wraps ``function`` so that its errors name the argument that does not fit its annotation."""
    if not isinstance(function, types.FunctionType):
        return function
    return typing.cast(F, _C._guard(function, title or function.__name__))


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
            found.__init__ = guarded(found.__init__, name)  # type: ignore[misc]


@dataclass(frozen=True)
class _Misfit:
    """An argument of another type than expected, or why the call fits no parameters at all."""

    argument: str
    expected: str
    got: str = ""

    def __str__(self) -> str:
        if not self.argument:
            return self.expected
        return f"argument '{self.argument}': expected {self.expected}, got {self.got}"


def explained(
    function: Callable[..., Any],
    title: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    error: Exception,
) -> TypeError | None:
    """The error that says which argument does not fit; None if all do.

    >>> from engine._argument_errors import explained
    >>> def half(x: int) -> int: ...
    >>> explained(half, "half", ("one",), {}, TypeError())
    TypeError("half: argument 'x': expected int, got str")
    """
    if function.__name__ == "__init__" and args:
        title = type(args[0]).__name__
    if isinstance(function, types.FunctionType):
        misfit = _misfit(inspect.signature(function), _hints(function), args, kwargs)
    elif isinstance(error, TypeError) and (signatures := _bound_signatures(str(error))):
        own = 1 if "self" in signatures[0].parameters or function.__name__ == "__init__" else 0
        misfit = _of_overloads(signatures, args[own:], kwargs)
    else:
        misfit = None
    if misfit is None:
        return None
    plain = TypeError(f"{title}: {misfit}").with_traceback(error.__traceback__)
    plain.__suppress_context__ = True
    return plain


def explained_layer(
    layer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], error: Exception
) -> TypeError | None:
    """The same for a call of a layer of this package; None for a user's module."""
    forward = type(layer).forward
    if not forward.__module__.startswith("engine."):
        return None
    return explained(forward, type(layer).__name__, (layer, *args), kwargs, error)


def _of_overloads(
    signatures: list[inspect.Signature], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Misfit:
    """The first overload's error; if all fail at one argument, with all types it accepts."""
    found = []
    for signature in signatures:
        parameters = [p for n, p in signature.parameters.items() if n != "self"]
        plain = signature.replace(parameters=parameters)
        hints = {p.name: p.annotation for p in parameters}
        got = ", ".join(map(_described, [*args, *kwargs.values()]))
        expected = ", ".join(f"{name}: {_named(hint)}" for name, hint in hints.items())
        misfit = _misfit(plain, hints, args, kwargs)
        found.append(misfit or _Misfit("", f"expected ({expected}), got ({got})"))
    first = found[0]
    if not first.argument or any(m.argument != first.argument for m in found):
        return first
    types_taken = " or ".join(dict.fromkeys(m.expected for m in found))
    return _Misfit(first.argument, types_taken, first.got)


def _misfit(
    signature: inspect.Signature,
    hints: Mapping[str, Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> _Misfit | None:
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        return _Misfit("", str(error))
    for name, value in bound.items():
        kind = signature.parameters[name].kind
        hint = Any if kind is inspect.Parameter.VAR_KEYWORD else hints.get(name, Any)
        for one in value if kind is inspect.Parameter.VAR_POSITIONAL else (value,):
            if not _fits(one, hint):
                return _Misfit(name, _named(hint), _described(one))
    return None


def _hints(function: types.FunctionType) -> dict[str, Any]:
    hints = {}
    for name, text in inspect.get_annotations(function).items():
        try:
            hints[name] = eval(text, function.__globals__) if isinstance(text, str) else text
        except (NameError, AttributeError):  # imported for type checkers only
            hints[name] = Any
    return hints


def _bound_signatures(message: str) -> list[inspect.Signature]:
    """Signatures from pybind11's message about incompatible arguments, in Python's syntax."""
    if "incompatible" not in message:
        return []
    found = []
    for text in _BOUND_LINE.findall(message.partition("\nInvoked with")[0]):
        named = {"typing": typing, "collections": collections, "numpy": np, **vars(_C)}
        named["engine"] = types.SimpleNamespace(_C=_C)
        exec(f"def bound{text}: ...", named)
        signature, hints = inspect.signature(named["bound"]), _hints(named["bound"])
        parameters = [
            p.replace(annotation=hints.get(n, Any)) for n, p in signature.parameters.items()
        ]
        found.append(signature.replace(parameters=parameters))
    return found


def _is_optional(hint: Any) -> bool:
    return isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union


def _fits(value: Any, hint: Any) -> bool:
    """True if ``value`` may match an annotation; annotations that cannot be checked match."""
    if _is_optional(hint):
        return any(_fits(value, one) for one in typing.get_args(hint))
    if hint is None or hint is type(None):
        return value is None
    if hint is Any:
        return True
    origin = typing.get_origin(hint) or hint
    if origin in (int, typing.SupportsInt, typing.SupportsIndex):
        return _is_int(value) and (not isinstance(value, int) or value in _INT64)
    if origin in (float, typing.SupportsFloat):
        return _is_number(value)
    if origin is typing.BinaryIO:
        return hasattr(value, "read") or hasattr(value, "write")
    if origin is bool:
        return isinstance(value, int)
    if origin is _C.dtype:
        return isinstance(value, (_C.dtype, type))
    if origin in (list, tuple, collections.abc.Sequence):
        return _fits_sequence(value, typing.get_args(hint))
    return not isinstance(origin, type) or isinstance(value, origin)


def _fits_sequence(value: Any, inner: tuple[Any, ...]) -> bool:
    if isinstance(value, (str, bytes)) or not isinstance(value, collections.abc.Sequence):
        return False
    each = [one for one in inner if one is not ...]
    if len(each) == 1:
        return all(_fits(item, each[0]) for item in value)
    return not each or (len(each) == len(value) and all(map(_fits, value, each)))


def _is_int(value: Any) -> bool:
    try:
        value.__index__()
    except (AttributeError, TypeError):
        return False
    return True


def _is_number(value: Any) -> bool:
    if isinstance(value, (str, bytes)):
        return False
    try:
        float(value)
    except OverflowError:
        return True
    except (TypeError, ValueError, RuntimeError):
        return False
    return True


def _described(value: Any) -> str:
    name = type(value).__name__
    if isinstance(value, int) and value not in _INT64:
        return f"{value}, which does not fit in 64 bits"
    if isinstance(value, (list, tuple)) and value:
        return f"{name} of {' and '.join(dict.fromkeys(type(v).__name__ for v in value))}"
    return name


def _named(hint: Any) -> str:
    """An annotation in words: ``int | Sequence[int] | None`` is "int, a list of int or None"."""
    if _is_optional(hint):
        *most, last = dict.fromkeys(map(_named, typing.get_args(hint)))
        return f"{', '.join(most)} or {last}" if most else last
    if hint is None or hint is type(None):
        return "None"
    origin = typing.get_origin(hint) or hint
    if origin in (typing.SupportsInt, typing.SupportsIndex):
        return "int"
    if origin is typing.SupportsFloat:
        return "float"
    if origin is typing.BinaryIO:
        return "a binary file"
    if origin is collections.abc.Callable:
        return "a function"
    if origin in (list, tuple, collections.abc.Sequence):
        inner = [_named(one) for one in typing.get_args(hint) if one is not ...]
        return "a list of " + " and ".join(inner) if inner else "a list"
    return getattr(origin, "__name__", str(origin))


def called_function() -> str:
    """The function or layer of this package that the user called, '' if it was an op itself.

    Of the functions between the op and the user's code the outermost public one; for a layer its
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
        elif not code.co_name.startswith(("_", "<")):
            name = code.co_qualname.partition(".<locals>")[0]
        frame = frame.f_back
    return name
