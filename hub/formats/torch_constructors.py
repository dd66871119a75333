"""Constructors of PyTorch's globals for the restricted unpickler: tensors, parameters, dtypes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.formats.buffer import Buffer, Storage
from hub.formats.constructors import Arguments, Constructor, Marker, arity, integer, sizes
from hub.formats.dtypes import BY_STORAGE, DTYPES, DType
from hub.formats.plain_data import describe
from hub.formats.stdlib_constructors import PLAIN_GLOBALS

# Types of attributes that programs set on tensors; others would need traversal.
_ATTRIBUTES = (type(None), bool, int, float, complex, str, bytes)
_TENSOR_CLASSES = ("torch.Tensor", "torch.nn.parameter.Parameter")
_DEVICES = ("cpu", "cuda", "mps", "xpu", "meta", "xla", "hpu", "npu")


class Size(tuple[int, ...]):
    """A `torch.Size`."""

    __slots__ = ()


class Device(str):
    """A `torch.device` by its name, such as 'cuda:0'."""

    __slots__ = ()


@dataclass(frozen=True)
class StorageType:
    """A storage class of PyTorch; `dtype` is None for the untyped one."""

    qualified_name: str
    dtype: DType | None

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return 1 if self.dtype is None else self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class TypedStorage:
    """A storage in a pickle, or `numel` elements of it from `offset` on."""

    storage: Storage
    kind: StorageType
    offset: int
    numel: int


def _tensor(
    storage: object, offset: object, size: object, stride: object, dtype: DType | None = None
) -> Buffer:
    if not isinstance(storage, TypedStorage):
        raise ValueError(f"a tensor is made of {describe(storage)}, not a storage")
    if (dtype is None) == (storage.kind.dtype is None):
        raise ValueError(f"a tensor of {storage.kind.qualified_name} with {describe(dtype)}")
    element = dtype or storage.kind.dtype
    assert element is not None
    start = integer(offset, "the offset of a tensor")
    shape = sizes(size, "the size of a tensor")
    strides = sizes(stride, "the strides of a tensor")
    # Checked against the part of the storage that the pickle names, then against the whole.
    part = Storage.reserve(storage.numel * storage.kind.itemsize)
    Buffer(element.name, shape, strides, part, start)
    return Buffer(element.name, shape, strides, storage.storage, start + storage.offset)


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError(f"requires_grad is {describe(value)}, not a bool")
    return value


def _check_extras(hooks: object, metadata: object) -> None:
    if hooks is not None and (not isinstance(hooks, dict) or hooks):
        raise ValueError(f"the hooks of a tensor are {describe(hooks)}, not an empty dict")
    # Bits of lazy conjugation and negation.
    if metadata is not None and (not isinstance(metadata, dict) or any(metadata.values())):
        raise ValueError("a tensor that is lazily conjugated or negated is not supported")


def _rebuild_tensor(args: Arguments) -> Buffer:
    storage, offset, size, stride = arity(args, 4, 4, "_rebuild_tensor")
    return _tensor(storage, offset, size, stride)


def _rebuild_tensor_v2(args: Arguments) -> Buffer:
    arity(args, 6, 7, "_rebuild_tensor_v2")
    storage, offset, size, stride, requires_grad, hooks, metadata = (*args, None)[:7]
    _check_extras(hooks, metadata)
    buffer = _tensor(storage, offset, size, stride)
    return dataclasses.replace(buffer, requires_grad=_flag(requires_grad))


def _rebuild_tensor_v3(args: Arguments) -> Buffer:
    arity(args, 7, 8, "_rebuild_tensor_v3")
    storage, offset, size, stride, requires_grad, hooks, dtype, metadata = (*args, None)[:8]
    _check_extras(hooks, metadata)
    if not isinstance(dtype, DType):
        raise ValueError(f"the dtype of a tensor is {describe(dtype)}")
    buffer = _tensor(storage, offset, size, stride, dtype)
    return dataclasses.replace(buffer, requires_grad=_flag(requires_grad))


def _rebuild_parameter(args: Arguments) -> Buffer:
    data, requires_grad, hooks = arity(args, 3, 3, "_rebuild_parameter")
    if not isinstance(data, Buffer):
        raise ValueError(f"a parameter is made of {describe(data)}")
    _check_extras(hooks, None)
    return dataclasses.replace(data, requires_grad=_flag(requires_grad), is_parameter=True)


def _rebuild_parameter_with_state(args: Arguments) -> Buffer:
    *plain, state = arity(args, 4, 4, "_rebuild_parameter_with_state")
    return _with_attributes(_rebuild_parameter(tuple(plain)), state)


def _rebuild_from_type_v2(args: Arguments) -> Buffer:
    """Create a tensor with attributes; subclasses of tensors are refused."""
    rebuild, kind, inner, state = arity(args, 4, 4, "_rebuild_from_type_v2")
    make = _REBUILDS.get(getattr(rebuild, "qualified_name", ""))
    if make is None or not isinstance(kind, Marker) or kind.qualified_name not in _TENSOR_CLASSES:
        raise ValueError(f"a tensor is made by {describe(rebuild)} as {describe(kind)}")
    if type(inner) is not tuple:
        raise ValueError(f"the arguments of a tensor are {describe(inner)}")
    return _with_attributes(make(inner), state)


def _with_attributes(made: Buffer, state: object) -> Buffer:
    attributes = state[0] if type(state) is tuple and len(state) == 2 and not state[1] else state
    if attributes is None:
        return made
    if type(attributes) is not dict:
        raise ValueError(f"the attributes of a tensor are {describe(attributes)}")
    for name, value in attributes.items():
        if type(name) is not str or type(value) not in _ATTRIBUTES:
            raise ValueError(f"a tensor has the attribute {describe(name)}: {describe(value)}")
    return dataclasses.replace(made, attributes=dict(attributes))


def _size(args: Arguments) -> Size:
    return Size(sizes(arity(args, 1, 1, "torch.Size")[0], "a torch.Size"))


def _device(args: Arguments) -> Device:
    kind = arity(args, 1, 2, "torch.device")[0]
    if type(kind) is not str or kind not in _DEVICES:
        raise ValueError(f"{describe(kind)} is not a device")
    index = "" if len(args) == 1 else f":{integer(args[1], 'the index of a device')}"
    return Device(kind + index)


_REBUILDS: dict[str, Callable[[Arguments], Buffer]] = {
    f"torch._utils.{make.__name__}": make
    for make in (_rebuild_tensor, _rebuild_tensor_v2, _rebuild_tensor_v3, _rebuild_parameter)
}

_MAKERS: dict[tuple[str, str], Callable[[Arguments], object]] = {
    **{("torch._utils", make.__name__): make for make in _REBUILDS.values()},
    ("torch._utils", "_rebuild_parameter_with_state"): _rebuild_parameter_with_state,
    ("torch._tensor", "_rebuild_from_type_v2"): _rebuild_from_type_v2,
    ("torch", "Size"): _size,
    ("torch", "device"): _device,
}

UNTYPED = ("torch.storage", "UntypedStorage")

TORCH_GLOBALS: Mapping[tuple[str, str], object] = {
    **PLAIN_GLOBALS,
    **{key: Constructor(".".join(key), make) for key, make in _MAKERS.items()},
    **{("torch", name): StorageType(f"torch.{name}", dtype) for name, dtype in BY_STORAGE.items()},
    UNTYPED: StorageType(".".join(UNTYPED), None),
    **{("torch", name): dtype for name, dtype in DTYPES.items()},
    ("torch", "Tensor"): Marker("torch.Tensor"),
    ("torch.nn.parameter", "Parameter"): Marker("torch.nn.parameter.Parameter"),
}
