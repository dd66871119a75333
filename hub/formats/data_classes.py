"""Classes that only hold data, such as dataclasses: created without running their code.

An instance is allocated and its attributes are set without `__init__`, `__new__`, `__setattr__`
or properties, so that a file that names an allowed class runs none of its methods.
"""

from __future__ import annotations

import abc
import argparse
import dataclasses
import enum
import sys
import types
import typing
from collections import OrderedDict
from typing import Any, cast

from hub.formats.attributes import own_attributes, parts, set_attributes, set_slots, slot_names
from hub.formats.plain_data import describe

STANDARD: tuple[type, ...] = (argparse.Namespace, types.SimpleNamespace)
_METACLASSES = (type, abc.ABCMeta, enum.EnumMeta)
# Bases whose instances are allocated here: subclasses of others have hidden state.
_BASES = (object, dict, list, OrderedDict)
_LIBRARY = frozenset({*_BASES, tuple, typing.Generic, typing.Protocol, *STANDARD})
# Flags of CPython's types: allocated on the heap, as by a class statement, and immutable.
_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8
# PyTorch's modules of classes to be saved by their state_dict, and of tensors without a format.
_WHOLE = ("torch.nn.modules.", "torch.nn.parallel.", "torch.optim.")
_TENSOR_KINDS = {
    "_rebuild_sparse_tensor": "sparse tensors are not supported",
    "_rebuild_qtensor": "quantized tensors are not supported",
    "_rebuild_nested_tensor": "nested tensors are not supported",
    "_rebuild_meta_tensor_no_storage": "tensors without data are not supported",
}
# Methods that run implicitly on instances, and the mark of callables.
_READING = ("__call__", "__del__", "__setstate__")
_WRITING = ("__getnewargs__", "__getnewargs_ex__", "__getstate__", "__reduce__", "__reduce_ex__")
_DATACLASS_STATE = ("_dataclass_getstate", "_dataclass_setstate")


def not_allowed(module: str, name: str, reason: str = "weight files hold plain data") -> str:
    """The message for a global that is not allowed, with the reason.

    >>> not_allowed("os", "system")
    "global 'os.system' is not allowed: weight files hold plain data"
    """
    if module.startswith(_WHOLE):
        reason = "a whole object was saved, which is code too; its state_dict() can be read"
    elif module.startswith("torch."):
        reason = _TENSOR_KINDS.get(name, "weight files hold plain data")
    return f"global {f'{module}.{name}'!r:.200} is not allowed: {reason}"


def refuse_class(module: str, name: str) -> type:
    """Refuse every class: the default for globals that are not of weights."""
    raise ValueError(not_allowed(module, name))


def find_fault(cls: object) -> str | None:
    """The reason why a class does not only hold data; None if it does.

    >>> find_fault(argparse.Namespace), find_fault(ValueError)
    (None, 'its instances hold more than attributes')
    """
    if not isinstance(cls, type):
        return "it is not a class, and nothing that a file names is called"
    if cls in _BASES:
        return "it holds no attributes"
    if hasattr(cls, "state_dict"):
        return "it is code too; its state_dict() can be saved"
    if issubclass(cls, (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "it is code"
    if type(cls) not in _METACLASSES:
        return f"its metaclass {type(cls).__name__} is not known"
    if issubclass(cls, enum.Enum) or cls in STANDARD:
        return None
    if not is_named_tuple(cls) and not any(cls.__new__ is base.__new__ for base in _BASES):
        return "its instances hold more than attributes"
    if not all(base in _LIBRARY or _is_python(base) for base in cls.__mro__):
        return "its instances hold more than attributes"
    return _find_method(cls, _READING)


def is_named_tuple(cls: type) -> bool:
    """True if a class was created by collections.namedtuple or typing.NamedTuple."""
    fields = vars(cls).get("_fields")
    return cls.__bases__ == (tuple,) and isinstance(fields, tuple)


def create(cls: type, args: tuple[object, ...]) -> object:
    """Return an instance without its state; ValueError for arguments that would run its code."""
    if issubclass(cls, enum.Enum):
        return _find_member(cls, args)
    if is_named_tuple(cls):
        fields = cast(Any, cls)._fields
        if len(args) != len(fields):
            raise ValueError(
                f"{cls.__qualname__} has {len(fields)} fields and is given {len(args)}"
            )
        return cast(Any, tuple).__new__(cls, args)
    if args:
        raise ValueError(f"{cls.__qualname__} is called with arguments, which would run its code")
    try:
        return cls.__new__(cls)
    except TypeError as error:  # an abstract class
        raise ValueError(str(error)) from None


def set_state(holder: object, state: object) -> None:
    """Set the attributes of an instance from its pickled state; ValueError for other states."""
    cls = type(holder)
    if isinstance(state, list) and dataclasses.is_dataclass(cls):  # frozen ones with slots
        names = [field.name for field in dataclasses.fields(cls)]
        if len(names) != len(state):
            raise ValueError(f"{cls.__qualname__} has {len(names)} fields, not {len(state)}")
        set_slots(holder, dict(zip(names, state, strict=True)))
        return
    attributes, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    for part, setter in ((attributes, set_attributes), (slots, set_slots)):
        if part is None:
            continue
        if type(part) is not dict or not all(type(name) is str for name in part):
            raise ValueError(f"{cls.__qualname__} is given {describe(part)} as its attributes")
        setter(holder, part)


def find_unwritable(cls: type) -> str | None:
    """The reason why instances of a class cannot be pickled by attributes; None if they can.

    Beside `find_fault`, the class must be importable by its name, as readers import it.
    """
    fault = find_fault(cls)
    if fault is None and not issubclass(cls, enum.Enum) and cls not in STANDARD:
        allowed = ("__getnewargs__",) if is_named_tuple(cls) else ()
        fault = _find_method(cls, tuple(name for name in _WRITING if name not in allowed))
    if fault is None and vars(sys.modules.get(cls.__module__, object)).get(cls.__qualname__) != cls:
        fault = f"it is not found as {cls.__module__}.{cls.__qualname__}"
    return fault


def get_state(holder: object) -> object:
    """Return the state of an instance for a pickle; None if it has none."""
    cls = type(holder)
    values = dict(parts(holder))
    if dataclasses.is_dataclass(cls) and _name_of(cls, "__getstate__") in _DATACLASS_STATE:
        return [values[field.name] for field in dataclasses.fields(cls)]
    attributes = own_attributes(holder)
    in_slots = {name: values[name] for name in slot_names(cls) if name in values}
    if in_slots:
        return (dict(attributes) if attributes else None, in_slots)
    return dict(attributes) if attributes else None


def _is_python(cls: type) -> bool:
    """True if a class is defined in Python: others may have uninitialised memory."""
    return bool(cls.__flags__ & _HEAP_TYPE) and not cls.__flags__ & _IMMUTABLE_TYPE


def _find_method(cls: type, names: tuple[str, ...]) -> str | None:
    for base in cls.__mro__:
        if base in _LIBRARY:
            continue
        for name in names:
            if name in vars(base) and _name_of(base, name) not in _DATACLASS_STATE:
                return f"it defines {name}"
    return None


def _name_of(cls: type, name: str) -> str | None:
    return getattr(vars(cls).get(name), "__name__", None)


def _find_member(cls: type[enum.Enum], args: tuple[object, ...]) -> enum.Enum:
    value = args[0] if len(args) == 1 else None
    for member in cls.__members__.values():
        if type(member._value_) is type(value) and member._value_ == value:
            return member
    raise ValueError(f"{cls.__qualname__} has no member of value {describe(value)}")
