"""Checkpoints: ``engine.save`` and ``engine.load``, over the formats of ``hub.formats``.

Files are read by an unpickler that executes no code. Beside tensors and plain data it creates
instances of classes that only hold data, once ``add_safe_globals`` has allowed them.
"""

from __future__ import annotations

import os
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, BinaryIO

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._lazy import numpy as np
from engine.nn.module import Module
from engine.nn.parameter import Parameter

File = str | os.PathLike[str] | BinaryIO
MapLocation = (
    str | _C.device | Mapping[str, str | _C.device] | Callable[[Tensor, str], Tensor | None] | None
)
SafeGlobal = Any  # a class, or a pair of it and its name in files

# hub is imported on first use, as programs that read no weights start sooner without it.
if TYPE_CHECKING:
    from hub.formats import Buffer

_LOAD_ARGUMENTS = frozenset({"encoding", "errors", "fix_imports"})
_safe_globals: list[SafeGlobal] = []


def load(
    f: File,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = True,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read a checkpoint: safetensors, PyTorch's zip or its older format, detected by content.

    ``f`` is a path, or a file object that is read from its position to its end. Tensors that share
    memory in the file share it in the result. They are loaded to the CPU from any device;
    ``map_location`` may say so (a device, a dict from devices to devices, or a function of storage
    and device), or be ``"meta"``: shapes and dtypes without data. With ``mmap`` they are views
    of the mapped file, whose pages are copied on write; no other program may shorten the file
    then.

    Nothing in the file is executed. ``weights_only=True`` accepts tensors, plain data and the
    classes of ``add_safe_globals``; ``weights_only=False`` also accepts data-only classes of
    imported modules. An unknown device is read as text. The arguments of PyTorch's unpickler are
    accepted and have no effect.

    Raises ``hub.formats.FormatError``, naming the file and the position, for anything malformed or
    not allowed; it is also a ``FileNotFoundError`` if there is no such file, and a
    ``pickle.UnpicklingError`` if the pickle contains something not allowed.

    >>> import engine, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "last.ckpt")
    >>> engine.save({"weight": engine.ones(2), "epoch": 3}, path)
    >>> engine.load(path)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    from hub import formats

    _check_pickle_module("load", pickle_module)
    unknown = sorted(pickle_load_args.keys() - _LOAD_ARGUMENTS)
    if unknown:
        raise TypeError(f"load: unexpected argument '{unknown[0]}'")
    if mmap and not isinstance(f, (str, os.PathLike)):
        raise ValueError(f"load: mmap=True needs a path, got {type(f).__name__}")
    found = formats.read(f, writable=bool(mmap), find_class=_class_finder(weights_only is False))
    file = os.fspath(f) if isinstance(f, (str, os.PathLike)) else f"<{type(f).__name__}>"
    restore = _Restorer(file, _location_checker(map_location), bool(mmap), _is_meta(map_location))
    return restore.all_in(found)


def save(
    obj: Any,
    f: File,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
    *,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a checkpoint in PyTorch's format, or safetensors if the name ends in ``.safetensors``.

    ``obj`` consists of tensors, dicts, lists, tuples, sets, text, numbers, arrays and scalars of
    NumPy, dtypes, sizes, devices, paths, dates, and instances of classes that only hold data
    (dataclasses, named tuples, namespaces, enumerations). PyTorch reads the file, with
    ``weights_only=True`` if it allows the types; for that a defaultdict is written as a dict. A
    safetensors file takes a dict of tensors and the strings of ``metadata``.

    Tensors that share memory share it when they are loaded. A path is replaced atomically; a file
    object is written from its position. Equal values give equal files. Protocol 2 is written
    whatever ``pickle_protocol`` is, and without ``_use_new_zipfile_serialization`` the format of
    PyTorch before 1.6.

    Raises TypeError for a value of another type, named by its path inside ``obj``: modules
    and optimizers are saved by their ``state_dict()``.

    >>> import engine, io
    >>> file = io.BytesIO()
    >>> engine.save([engine.zeros(1), 3], file)
    >>> _ = file.seek(0); engine.load(file)
    [tensor([0.]), 3]
    """
    import pickle

    from hub import formats

    _check_pickle_module("save", pickle_module)
    if pickle_protocol not in range(pickle.HIGHEST_PROTOCOL + 1):
        raise ValueError(
            f"save: pickle_protocol is 0 to {pickle.HIGHEST_PROTOCOL}, got {pickle_protocol}"
        )
    legacy = not _use_new_zipfile_serialization
    formats.write(f, obj, metadata=metadata, convert=_Dumper(), name="save: obj", legacy=legacy)


def add_safe_globals(safe_globals: Iterable[SafeGlobal]) -> None:
    """Allow classes that only hold data to be named by files that ``load`` reads.

    Each item is a class, or a pair of it and its full name in files. Instances are created without
    running its code: a class that defines ``__call__``, ``__del__`` or ``__setstate__``, or that
    allocates its instances itself, raises TypeError, and so does a function. Functions and types
    of NumPy that files name are accepted: they are known, and are not called.

    >>> import dataclasses, engine
    >>> @dataclasses.dataclass
    ... class Config:
    ...     width: int
    >>> engine.serialization.add_safe_globals([(Config, "train.Config")])
    >>> engine.serialization.get_safe_globals()[-1][1]
    'train.Config'
    >>> engine.serialization.clear_safe_globals()
    """
    items = list(safe_globals)
    for item in items:
        _check_safe_global(item)
    _safe_globals.extend(item for item in items if item not in _safe_globals)


def get_safe_globals() -> list[SafeGlobal]:
    """Return the items that ``add_safe_globals`` has allowed."""
    return list(_safe_globals)


def clear_safe_globals() -> None:
    """Remove the items that ``add_safe_globals`` has allowed."""
    _safe_globals.clear()


def get_unsafe_globals_in_checkpoint(f: File) -> list[str]:
    """Return the full names in a file that ``load`` would refuse.

    >>> import collections, engine, io
    >>> file = io.BytesIO(b"\\x80\\2cos\\nsystem\\n.")
    >>> engine.serialization.get_unsafe_globals_in_checkpoint(file)
    ['os.system']
    """
    from hub import formats

    listed = dict(_name_and_class(item) for item in _safe_globals)
    uses = formats.scan(f).globals
    names = dict.fromkeys(f"{use.module}.{use.name}" for use in uses if not use.allowed)
    return [name for name in names if name not in listed]


class safe_globals(AbstractContextManager[None]):
    """Allow classes as ``add_safe_globals`` does, until the ``with`` block ends.

    >>> import collections, engine
    >>> Point = collections.namedtuple("Point", "x y")
    >>> with engine.serialization.safe_globals([Point]):
    ...     len(engine.serialization.get_safe_globals())
    1
    """

    def __init__(self, safe_globals: Iterable[SafeGlobal]) -> None:
        self._items = list(safe_globals)

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self._items)

    def __exit__(self, *_: object) -> None:
        _safe_globals[:] = self._before


class _Restorer:
    """Converts the values that ``hub.formats`` reads to the engine's objects."""

    def __init__(
        self, file: str, check_location: Callable[[Tensor, str], None], mmap: bool, meta: bool
    ) -> None:
        self._file = file
        self._meta = meta
        self._check_location = check_location
        self._mmap = mmap
        self._bytes_of: dict[Any, Tensor] = {}

    def all_in(self, value: Any) -> Any:
        from hub import formats

        kinds = (formats.Buffer, formats.DType, formats.Size, formats.Device)
        return formats.replace_values(value, kinds, self._restored)

    def _restored(self, value: Any) -> Any:
        from hub import formats

        if isinstance(value, formats.Buffer):
            return self._tensor(value)
        if isinstance(value, formats.DType):
            return self._dtype(value.name)
        if isinstance(value, formats.Size):
            return _C.Size(value)
        try:
            return _C.device(str(value))
        except ValueError:
            return str(value)

    def _tensor(self, buffer: Buffer) -> Tensor:
        made = self._without_data(buffer) if self._meta else self._view(buffer)
        if buffer.requires_grad and not made.is_floating_point():
            raise self._fault(f"a tensor of {buffer.dtype} is to require a gradient")
        if buffer.is_parameter:
            made = Parameter(made, buffer.requires_grad)
        made.requires_grad_(buffer.requires_grad)
        for name, value in (buffer.attributes or {}).items():
            if hasattr(Tensor, name):
                raise self._fault(f"a tensor has the attribute {name!r}, which tensors define")
            setattr(made, name, value)
        return made

    def _without_data(self, buffer: Buffer) -> Tensor:
        dtype = self._dtype(buffer.dtype)
        return _C.empty_strided(buffer.shape, buffer.strides, dtype=dtype, device="meta")

    def _view(self, buffer: Buffer) -> Tensor:
        storage = buffer.storage
        if storage not in self._bytes_of:
            shared = _C.from_numpy(storage.memory)
            self._bytes_of[storage] = shared if self._mmap else shared.clone()
            self._check_location(self._bytes_of[storage], storage.location)
        return _C._view_storage(
            self._bytes_of[storage],
            self._dtype(buffer.dtype),
            buffer.shape,
            buffer.strides,
            buffer.offset,
        )

    def _dtype(self, name: str) -> _C.dtype:
        dtype = getattr(_C, name, None)
        if not isinstance(dtype, _C.dtype):
            raise self._fault(
                f"it holds {name}, a dtype that the engine does not have;"
                " hub.formats.read gives such tensors as NumPy arrays"
            )
        return dtype

    def _fault(self, reason: str) -> Exception:
        from hub.formats import FormatError

        return FormatError(reason, file=self._file)


class _Dumper:
    """Converts the engine's objects to the values that ``hub.formats`` writes."""

    def __init__(self) -> None:
        self._storages: dict[tuple[int, int], Any] = {}

    def __call__(self, value: Any) -> Any:
        from hub import formats

        if isinstance(value, Tensor):
            return self._buffer(value)
        if isinstance(value, _C.dtype):
            return formats.DTYPES[str(value).removeprefix("engine.")]
        if isinstance(value, _C.Size):
            return formats.Size(value)
        if isinstance(value, _C.device):
            return formats.Device(str(value))
        if isinstance(value, OrderedDict) and "_metadata" in vars(value):
            plain: Any = OrderedDict(value)
            plain._metadata = OrderedDict(vars(value)["_metadata"])
            return plain
        if hasattr(type(value), "state_dict"):
            what = "a whole module" if isinstance(value, Module) else "an object with a state"
            raise TypeError(
                f"{type(value).__name__} is {what}, which is code too: save its state_dict()"
            )
        return value

    def _buffer(self, tensor: Tensor) -> Buffer:
        from hub import formats

        if tensor.device.type == "meta":
            raise TypeError("a tensor of the device meta has no data to save")
        plain = tensor.detach()
        if any(stride < 0 for stride in plain.stride()):
            plain = plain.contiguous()
        shape, strides, offset = plain.shape, plain.stride(), plain.storage_offset()
        memory = np.asarray(_C._storage_bytes(plain))
        # Arrays of different sizes may begin at one address; empty ones have none.
        address = memory.ctypes.data if memory.size else len(self._storages)
        key = (address, memory.size)
        storage = self._storages.setdefault(key, formats.Storage(memory))
        return formats.Buffer(
            str(plain.dtype).removeprefix("engine."),
            tuple(shape),
            tuple(strides),
            storage,
            offset,
            requires_grad=tensor.requires_grad,
            is_parameter=isinstance(tensor, Parameter),
        )


def _check_pickle_module(function: str, module: Any) -> None:
    name = getattr(module, "__name__", type(module).__name__)
    if module is not None and name != "pickle":
        raise ValueError(
            f"{function}: pickle_module can be pickle, got {name}: hub.formats does the pickling"
        )


def _location_checker(map_location: MapLocation) -> Callable[[Tensor, str], None]:
    """Return the function that is called with each storage and its device in the file."""
    if map_location is None:
        return lambda storage, location: None
    if isinstance(map_location, (str, _C.device)):
        _check_device(map_location, ("cpu", "meta"))
        return lambda storage, location: None
    if isinstance(map_location, Mapping):
        targets = map_location

        def look_up(storage: Tensor, location: str) -> None:
            if location in targets:
                _check_device(targets[location], ("cpu",))

        return look_up
    function = map_location

    def ask(storage: Tensor, location: str) -> None:
        result = function(storage, location)
        if result is not None and not isinstance(result, Tensor):
            raise TypeError(
                f"load: map_location should return a storage or None, got {type(result).__name__}"
            )

    return ask


def _is_meta(map_location: MapLocation) -> bool:
    return isinstance(map_location, (str, _C.device)) and _C.device(map_location).type == "meta"


def _check_device(device: str | _C.device, known: tuple[str, ...]) -> None:
    if _C.device(device).type not in known:
        raise RuntimeError(
            f"load: map_location {device}: this build can put tensors on {' or '.join(known)}"
        )


def _class_finder(any_imported: bool) -> Callable[[str, str], type]:
    """Return the function that resolves class names in a file and refuses unknown ones."""
    from hub.formats import not_allowed

    listed = dict(_name_and_class(item) for item in _safe_globals)

    def find(module: str, name: str) -> type:
        cls = listed.get(f"{module}.{name}")
        if cls is None and any_imported:
            imported = sys.modules.get(module)
            cls = vars(imported).get(name) if isinstance(imported, types.ModuleType) else None
            reason = "no imported module has it, and load imports none"
        elif cls is None:
            reason = (
                "weight files hold plain data; a class that only holds data can be allowed by"
                " engine.serialization.add_safe_globals, and of a whole module the state_dict()"
                " can be saved"
            )
        if cls is None:
            raise ValueError(not_allowed(module, name, reason))
        return cls

    return find


def _name_and_class(item: SafeGlobal) -> tuple[str, Any]:
    if isinstance(item, tuple):
        return item[1], item[0]
    return f"{item.__module__}.{item.__qualname__}", item


def _check_safe_global(item: SafeGlobal) -> None:
    from hub.formats import TORCH_GLOBALS, find_fault

    cls = item[0] if isinstance(item, tuple) and len(item) == 2 else item
    if isinstance(item, tuple) and (len(item) != 2 or not isinstance(item[1], str)):
        raise TypeError(f"add_safe_globals: expected a pair of a class and its name, got {item!r}")
    known = (getattr(cls, "__module__", None), getattr(cls, "__qualname__", None))
    if known in TORCH_GLOBALS or (
        isinstance(cls, type) and issubclass(cls, (np.dtype, np.generic))
    ):
        return
    fault = find_fault(cls)
    if fault is not None:
        name = getattr(cls, "__qualname__", repr(cls))
        raise TypeError(f"add_safe_globals: {name} cannot be allowed: {fault}")


guard_functions(globals(), ["load", "save", "add_safe_globals", "get_unsafe_globals_in_checkpoint"])
