"""Parameters and buffers: tensors that a Module registers, also before their shape is known."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor


class Parameter(Tensor):
    """A tensor that a Module lists among its parameters when it is assigned as an attribute.

    It shares the memory of `data`; without `data` it has 0 elements.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.zeros(2, 3))
    >>> weight.requires_grad, tuple(weight.shape)
    (True, (2, 3))
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = _C.empty(0)
        if not isinstance(data, Tensor):
            raise TypeError(f"Parameter: data must be a Tensor, got {type(data).__name__}")
        return _C._make_subclass(cls, data.detach(), requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.data, self.requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that a Module lists among its buffers when it is assigned as an attribute.

    It shares the memory of `data`; `persistent=False` leaves it out of state_dict.

    >>> import engine
    >>> module = engine.nn.Module()
    >>> module.scale = engine.nn.Buffer(engine.ones(2), persistent=False)
    >>> [name for name, _ in module.named_buffers()], list(module.state_dict())
    (['scale'], [])
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        if data is None:
            data = _C.empty(0)
        if not isinstance(data, Tensor):
            raise TypeError(f"Buffer: data must be a Tensor, got {type(data).__name__}")
        buffer: Buffer = _C._make_subclass(cls, data.detach(), data.requires_grad)
        buffer.persistent = persistent
        return buffer

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), persistent=self.persistent)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild_buffer, (type(self), self.detach(), self.persistent)


def _rebuild_buffer(cls: type[Buffer], data: Tensor, persistent: bool) -> Buffer:
    return cls(data, persistent=persistent)


class UninitializedTensorMixin:
    """A tensor whose shape is not known yet: `materialize` gives it memory and a plain class.

    Before that only methods about dtype, device and gradient work; others raise ValueError.
    """

    cls_to_become: type[Tensor]

    def materialize(self: Any, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Allocate uninitialised memory for the shape and become a plain tensor."""
        device = self.data.device if device is None else device
        dtype = self.data.dtype if dtype is None else dtype
        self.data = _C.empty(tuple(shape), device=device, dtype=dtype)
        self.__class__ = self.cls_to_become

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "the shape of an uninitialized parameter or buffer is not known before "
            "materialize(), or for a lazy module its first call"
        )

    def share_memory_(self) -> Any:
        raise RuntimeError("an uninitialized parameter or buffer has no memory to share yet")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


_WORKS_UNINITIALIZED = {
    "data", "detach", "device", "dtype", "grad", "grad_fn", "is_complex", "is_floating_point",
    "is_leaf", "requires_grad", "requires_grad_", "retains_grad",
}  # fmt: skip


def _refusal(name: str) -> Any:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise ValueError(
            f"{name}: an uninitialized parameter or buffer has no values before materialize(), "
            "or for a lazy module its first call"
        )

    return refuse


_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift"
_OTHER = "neg invert abs bool float int len getitem setitem iter"
for _name in [
    *(name for name in dir(Tensor) if not name.startswith("_")),
    *(f"__{side}{name}__" for name in _BINARY.split() for side in ("", "r", "i")),
    *(f"__{name}__" for name in _OTHER.split()),
]:
    if _name not in _WORKS_UNINITIALIZED and _name not in vars(UninitializedTensorMixin):
        setattr(UninitializedTensorMixin, _name, _refusal(_name))


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet.

    >>> import engine
    >>> weight = engine.nn.UninitializedParameter()
    >>> weight.materialize((2, 3))
    >>> type(weight).__name__, tuple(weight.shape)
    ('Parameter', (2, 3))
    """

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> UninitializedParameter:
        return _C._make_subclass(cls, _C.empty(0, device=device, dtype=dtype), requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedParameter:
        if id(self) not in memo:
            data = self.data
            memo[id(self)] = type(self)(self.requires_grad, data.device, data.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        data = self.data
        return type(self), (self.requires_grad, str(data.device), data.dtype)


class UninitializedBuffer(UninitializedTensorMixin, Buffer):
    """A buffer whose shape is not known yet."""

    cls_to_become = Buffer

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> UninitializedBuffer:
        empty = _C.empty(0, device=device, dtype=dtype)
        buffer: UninitializedBuffer = _C._make_subclass(cls, empty, requires_grad)
        buffer.persistent = persistent
        return buffer

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedBuffer:
        if id(self) not in memo:
            data = self.data
            args = (self.requires_grad, data.device, data.dtype, self.persistent)
            memo[id(self)] = type(self)(*args)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        data = self.data
        args = (self.requires_grad, str(data.device), data.dtype, self.persistent)
        return type(self), args


def is_lazy(tensor: Any) -> bool:
    """True if this is an uninitialized parameter or buffer."""
    return isinstance(tensor, UninitializedTensorMixin)
