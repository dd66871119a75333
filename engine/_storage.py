"""The memory behind tensors, as bytes and as elements of a dtype."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._tensor import method


class UntypedStorage:
    """The memory of one or more tensors, as bytes.

    ``UntypedStorage(8)`` has 8 bytes, uninitialised.

    >>> import engine
    >>> engine.zeros(2).untyped_storage().nbytes()
    8
    """

    def __init__(self, size: int = 0, *, device: Any = None) -> None:
        self._bytes = _C.empty(size, dtype=_C.uint8, device=device)

    @classmethod
    def _of(cls, tensor: Tensor) -> UntypedStorage:
        made = cls.__new__(cls)
        made._bytes = _C._storage_bytes(tensor)
        return made

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._bytes.data_ptr()

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._bytes.numel()

    size = __len__ = nbytes

    @property
    def device(self) -> _C.device:
        """The device of the memory."""
        return self._bytes.device

    def element_size(self) -> int:
        """The bytes of an element: 1."""
        return 1

    def is_shared(self) -> bool:
        """True if the memory can be shared with other processes."""
        from engine.multiprocessing import is_shared

        return is_shared(self._bytes)

    def tolist(self) -> list[int]:
        """The bytes as numbers."""
        numbers: list[int] = self._bytes.tolist()
        return numbers

    def clone(self) -> UntypedStorage:
        """A copy."""
        return UntypedStorage._of(self._bytes.clone())

    def copy_(self, source: UntypedStorage) -> UntypedStorage:
        """Copies the bytes of ``source``, which must have the same size."""
        self._bytes.copy_(source._bytes)
        return self

    def fill_(self, value: int) -> UntypedStorage:
        """Writes ``value`` to every byte."""
        self._bytes.fill_(value)
        return self

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return UntypedStorage._of(self._bytes[index].clone())
        return self._bytes[index].item()

    def __setitem__(self, index: Any, value: int) -> None:
        self._bytes[index] = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntypedStorage) and self.data_ptr() == other.data_ptr()

    def __hash__(self) -> int:
        return hash(self.data_ptr())

    def __repr__(self) -> str:
        return f"UntypedStorage(device={self.device}) of size {self.nbytes()}"


class TypedStorage:
    """The memory of one or more tensors, as elements of one dtype."""

    def __init__(self, untyped: UntypedStorage, dtype: _C.dtype) -> None:
        self._untyped, self.dtype = untyped, dtype

    def untyped(self) -> UntypedStorage:
        """The memory as bytes."""
        return self._untyped

    _untyped_storage = property(untyped)

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._untyped.data_ptr()

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._untyped.nbytes()

    def element_size(self) -> int:
        """The bytes of an element."""
        return self.dtype.itemsize

    def size(self) -> int:
        """The number of elements."""
        return self.nbytes() // self.dtype.itemsize

    __len__ = size

    @property
    def device(self) -> _C.device:
        """The device of the memory."""
        return self._untyped.device

    def _elements(self) -> Tensor:
        return _C._view_storage(self._untyped._bytes, self.dtype, [self.size()], [1], 0)

    def tolist(self) -> list[Any]:
        """The elements."""
        elements: list[Any] = self._elements().tolist()
        return elements

    def fill_(self, value: float) -> TypedStorage:
        """Writes ``value`` to every element."""
        self._elements().fill_(value)
        return self

    def __getitem__(self, index: int) -> Any:
        return self._elements()[index].item()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._elements()[index] = value

    def __repr__(self) -> str:
        return f"TypedStorage(dtype={self.dtype}, device={self.device}) of size {self.size()}"


def is_storage(obj: Any) -> bool:
    """True if ``obj`` is a storage.

    >>> import engine
    >>> engine.is_storage(engine.zeros(1).untyped_storage())
    True
    """
    return isinstance(obj, (UntypedStorage, TypedStorage))


@method
def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory of self, as bytes."""
    return UntypedStorage._of(self.detach())


@method
def storage(self: Tensor) -> TypedStorage:
    """The memory of self, as elements of its dtype."""
    return TypedStorage(UntypedStorage._of(self.detach()), self.dtype)


setattr(Tensor, "_typed_storage", Tensor.storage)  # noqa: B010  (mypy knows methods by their stubs)


def _contiguous_stride(size: Sequence[int]) -> list[int]:
    stride, step = [0] * len(size), 1
    for i in reversed(range(len(size))):
        stride[i], step = step, step * max(size[i], 1)
    return stride


@method
def set_(
    self: Tensor,
    source: Any = None,
    storage_offset: int = 0,
    size: Sequence[int] | None = None,
    stride: Sequence[int] | None = None,
) -> Tensor:
    """Makes self a view of ``source``, a tensor or a storage; without one, an empty tensor.

    >>> import engine
    >>> engine.zeros(1).set_(engine.arange(4.0).storage(), 1, (2,), (1,))
    tensor([1., 2.])
    """
    if isinstance(source, Tensor) and size is None:
        if source.dtype != self.dtype:
            raise RuntimeError(f"set_: expected a source of {self.dtype}, got {source.dtype}")
        _C._set_data(self, source.detach())
        return self
    if source is None:
        _C._set_data(self, _C.empty(0, dtype=self.dtype))
        return self
    if isinstance(source, Tensor):
        source = source.untyped_storage()
    held = source.untyped() if isinstance(source, TypedStorage) else source
    if not isinstance(held, UntypedStorage):
        raise TypeError(f"set_: expected a tensor or a storage, got {type(source).__name__}")
    size = [held.nbytes() // self.dtype.itemsize] if size is None else list(size)
    stride = _contiguous_stride(size) if stride is None else list(stride)
    _C._set_data(self, _C._view_storage(held._bytes, self.dtype, size, stride, storage_offset))
    return self


@method
def resize_(self: Tensor, *sizes: Any, memory_format: str | None = None) -> Tensor:
    """Changes the shape of self in place; further elements are uninitialised.

    Memory that is too small is replaced by a larger one with the same elements first. Raises
    RuntimeError if other tensors share that memory, and for tensors that require a gradient.

    >>> import engine
    >>> engine.arange(4).resize_(2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    size = [int(n) for n in (sizes[0] if len(sizes) == 1 and not _is_int(sizes[0]) else sizes)]
    if any(n < 0 for n in size):
        raise RuntimeError(f"resize_: expected sizes of 0 or more, got {size}")
    if self.requires_grad:
        raise RuntimeError("resize_: a tensor that requires a gradient can't be resized")
    memory = _C._storage_bytes(self)
    stride = _contiguous_stride(size)
    needed = 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if 0 not in size else 0
    if (self.storage_offset() + needed) * self.dtype.itemsize > memory.numel():
        if _C._storage_uses(self) > 2:  # self and `memory`
            raise RuntimeError(
                "resize_: other tensors show this memory, which is too small: clone() it first"
            )
        larger = _C.empty((self.storage_offset() + needed) * self.dtype.itemsize, dtype=_C.uint8)
        larger[: memory.numel()].copy_(memory)
        memory = larger
    made = _C._view_storage(memory, self.dtype, size, stride, self.storage_offset())
    if memory_format not in (None, "contiguous_format", "preserve_format"):
        made = made.contiguous(memory_format=memory_format)
    _C._set_data(self, made)
    return self


def _is_int(value: Any) -> bool:
    return hasattr(value, "__index__")


@method
def resize_as_(self: Tensor, the_template: Tensor, memory_format: str | None = None) -> Tensor:
    """Changes the shape of self in place to that of ``the_template``."""
    return self.resize_(*the_template.shape, memory_format=memory_format)


@method
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """True if both have the same memory, offset, shape and strides."""
    return (
        self.data_ptr() == tensor.data_ptr()
        and self.shape == tensor.shape
        and self.stride() == tensor.stride()
    )
