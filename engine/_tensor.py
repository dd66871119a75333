"""Tensor's methods that are not ops: conversions, exchange, the graph.

The type itself is csrc/python/tensor.cpp; importing this module adds the methods to it.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from engine import _C, _constants, _printing
from engine._argument_errors import guarded
from engine._C import Tensor
from engine._hooks import RemovableHandle
from engine._lazy import numpy as np

Method = TypeVar("Method", bound=Callable[..., Any])
Result = TypeVar("Result")


def method(function: Method) -> Method:
    """Registers a function as a method of Tensor; scripts/make_stubs.py writes its type."""
    plain = guarded(function)
    setattr(Tensor, function.__name__, plain)
    return plain


def _attribute(
    getter: Callable[[Tensor], Result], setter: Callable[[Tensor, Any], None] | None = None
) -> Callable[[Tensor], Result]:
    setattr(Tensor, getter.__name__, property(getter, setter))
    return getter


def _convert_to(dtype: _C.dtype, name: str) -> None:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        if memory_format is None:
            return self.to(dtype)
        return self.to(dtype, memory_format=memory_format)

    convert.__name__, convert.__doc__ = name, f"Self as {dtype}."
    setattr(Tensor, name, guarded(convert))


for _name, _dtype in {
    "float": _C.float32,
    "double": _C.float64,
    "half": _C.float16,
    "bfloat16": _C.bfloat16,
    "long": _C.int64,
    "int": _C.int32,
    "short": _C.int16,
    "char": _C.int8,
    "byte": _C.uint8,
    "bool": _C.bool,
}.items():
    _convert_to(_dtype, _name)

NOT_IN_NUMPY = (_C.bfloat16, _C.float8_e4m3fn, _C.float8_e5m2)

_cast = Tensor.to  # the op, which converts the dtype alone


@method
def to(
    self: Tensor,
    *target: Any,
    dtype: _C.dtype | None = None,
    device: _C.device | str | None = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: str | None = None,
) -> Tensor:
    """Self with another dtype or on another device; self itself where nothing changes.

    ``target`` is a dtype, a device, both in the order device, dtype, or a tensor to match; then
    ``non_blocking`` and ``copy`` may follow. ``non_blocking`` is accepted and changes nothing;
    ``memory_format`` is that of ``contiguous``.

    >>> import engine
    >>> engine.tensor([1.5]).to(engine.int64)
    tensor([1])
    """
    flags = [given for given in target if isinstance(given, bool)]
    if len(flags) > 2:
        raise TypeError(f"to: expected non_blocking and copy at most, got {len(flags)} bools")
    copy = flags[1] if len(flags) == 2 else copy
    for given in target:
        if isinstance(given, bool):
            continue
        if isinstance(given, Tensor):
            dtype, device = given.dtype, given.device
        elif isinstance(given, (str, _C.device)):
            device = given
        elif given is not None:
            dtype = given
    target_device = self.device if device is None else _C.device(device)
    moves = target_device != self.device
    converted = _cast(self, self.dtype if dtype is None else dtype, copy and not moves)
    if moves:
        converted = _C._to_device(converted, target_device)
    if memory_format is None or memory_format == "preserve_format":
        return converted
    return converted.contiguous(memory_format=memory_format)


@method
def cpu(self: Tensor) -> Tensor:
    """Self in the host's memory."""
    return self.to("cpu")


@method
def cuda(self: Tensor, device: int = 0, non_blocking: bool = False) -> Tensor:
    """Self in the memory of a GPU."""
    return self.to(f"cuda:{device}")


@method
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Self in the dtype of ``other``."""
    return self.to(other.dtype)


@method
def numpy(self: Tensor, *, force: bool = False) -> np.ndarray:
    """A NumPy array that shares the memory; with ``force`` a copy from a device or graph.

    Raises TypeError for bfloat16 and the 8-bit floats, which NumPy does not have.
    """
    return _C._numpy(self.detach().cpu() if force else self)


@method
def __array__(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    array = _C._numpy(self)
    if dtype is not None and array.dtype != dtype:
        return array.astype(dtype)
    return array.copy() if copy else array


@method
def __array_ufunc__(self: Tensor, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy's functions of tensors return tensors; operators with an array call the engine.

    NumPy calls this for ``array * tensor``.
    """
    if options.get("out") is not None:
        return NotImplemented
    operator = _OPERATORS.get(ufunc.__name__)
    if operator is not None and method == "__call__" and not isinstance(inputs[0], Tensor):
        left = _C.from_numpy(np.asarray(inputs[0])) if np.ndim(inputs[0]) else inputs[0].item()
        return operator(left, inputs[1])
    arrays = [x.__array__() if isinstance(x, Tensor) else x for x in inputs]
    answer = getattr(ufunc, method)(*arrays, **options)
    return tuple(map(_as_tensor, answer)) if isinstance(answer, tuple) else _as_tensor(answer)


_OPERATORS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "matmul": operator.matmul,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
}


def _as_tensor(array: Any) -> Tensor:
    return _C.from_numpy(np.asarray(array))


@method
def __array_wrap__(
    self: Tensor, array: Any, context: Any = None, return_scalar: bool = False
) -> Any:
    return _as_tensor(array)


# NumPy must defer `array * tensor` to the tensor.
Tensor.__array_priority__ = 1000


@method
def __dlpack__(self: Tensor, **_: Any) -> Any:
    return _C._to_dlpack(self)


@method
def __dlpack_device__(self: Tensor) -> tuple[int, int]:
    return (1, 0)


@method
def tolist(self: Tensor) -> Any:
    """The elements as nested Python lists; a number for a 0-d tensor."""
    plain = self.detach().cpu()
    return (plain.float() if self.dtype in NOT_IN_NUMPY else plain).numpy().tolist()


@method
def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Adds the gradients of self, weighted by ``gradient``, to the leaves it was computed from.

    >>> import engine
    >>> x = engine.tensor(3.0, requires_grad=True); (x * x).backward(); x.grad
    tensor(6.)
    """
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs or ())
    _C._backward(
        [self],
        [gradient],
        wanted,
        create_graph if retain_graph is None else retain_graph,
        create_graph,
    )


@method
def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Sets ``requires_grad`` and returns self."""
    self.requires_grad = requires_grad
    return self


@method
def detach_(self: Tensor) -> Tensor:
    """Takes self out of the graph and returns it. Raises RuntimeError for a view."""
    _C._detach_(self)
    return self


@method
def retain_grad(self: Tensor) -> None:
    """Keeps the gradient of a result of an op in ``grad`` after backward()."""
    _C._retain_grad(self)


@method
def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
    """Calls ``hook`` with each gradient computed for self; what it returns replaces it."""
    if not callable(hook):
        raise TypeError(
            f"register_hook: argument 'hook': expected a function, got {hook.__class__.__name__}"
        )
    id = _C._register_hook(self, hook)
    return RemovableHandle(id, lambda: _C._remove_hook(self, id))


@method
def register_post_accumulate_grad_hook(
    self: Tensor, hook: Callable[[Tensor], None]
) -> RemovableHandle:
    """Calls ``hook`` with self after a gradient was added to ``grad``."""
    leaf = weakref.ref(self)  # which owns the hook

    def call() -> None:
        if (alive := leaf()) is not None:
            hook(alive)

    id = _C._add_accumulate_hook(self, call)
    return RemovableHandle(id, lambda: _C._remove_accumulate_hook(self, id))


@_attribute
def grad_fn(self: Tensor) -> _C.Node | None:
    """The node of the graph that computed self, or None for a leaf."""
    return _C._grad_fn(self)


def data(self: Tensor) -> Tensor:
    """The same memory outside the graph."""
    return self.detach()


_attribute(data, _C._set_data)


@_attribute
def T(self: Tensor) -> Tensor:
    """All dimensions reversed."""
    return self.permute(*reversed(range(self.ndim)))


@_attribute
def mT(self: Tensor) -> Tensor:
    """The last two dimensions exchanged."""
    return self.transpose(-2, -1)


@_attribute
def is_cpu(self: Tensor) -> bool:
    """True if the memory is the host's."""
    return self.device.type == "cpu"


@_attribute
def layout(self: Tensor) -> _constants.layout:
    """The storage layout: every tensor is strided."""
    return _constants.strided


@_attribute
def output_nr(self: Tensor) -> int:
    """The index of self among the results of its op in the graph."""
    return _C._output_index(self)


@_attribute
def name(self: Tensor) -> None:
    """None: tensors have no names."""


@_attribute
def H(self: Tensor) -> Tensor:
    """A matrix with its dimensions exchanged."""
    if self.ndim not in (0, 2):
        raise RuntimeError(f"H: expected a matrix, got shape {tuple(self.shape)}")
    return self.T


@_attribute
def mH(self: Tensor) -> Tensor:
    """The last two dimensions exchanged."""
    return self.transpose(-2, -1)


@_attribute
def real(self: Tensor) -> Tensor:
    """Self: there are no complex numbers yet."""
    return self


def _absent(name: str, what: str) -> None:
    def flag(self: Tensor) -> bool:
        return False

    flag.__doc__ = f"False: there are no {what}."
    setattr(Tensor, name, property(flag))


for _name, _what in {
    "is_ipu": "IPU devices",
    "is_maia": "Maia devices",
    "is_mps": "MPS devices",
    "is_mtia": "MTIA devices",
    "is_vulkan": "Vulkan devices",
    "is_xla": "XLA devices",
    "is_xpu": "XPU devices",
    "is_mkldnn": "tensors in oneDNN's layouts",
    "is_nested": "nested tensors",
    "is_sparse_csr": "sparse tensors",
}.items():
    _absent(_name, _what)


@_attribute
def is_sparse(self: Tensor) -> bool:
    """False: every tensor is dense."""
    return False


@_attribute
def is_quantized(self: Tensor) -> bool:
    """False: there are no quantised dtypes."""
    return False


@_attribute
def is_meta(self: Tensor) -> bool:
    """True if self is on the device meta and has no memory."""
    return self.device.type == "meta"


@_attribute
def is_cuda(self: Tensor) -> bool:
    """True if the memory is a GPU's."""
    return self.device.type == "cuda"


@_attribute
def itemsize(self: Tensor) -> int:
    """Bytes of one element."""
    return self.dtype.itemsize


@_attribute
def nbytes(self: Tensor) -> int:
    """Bytes of all elements."""
    return self.numel() * self.dtype.itemsize


for _name, _function in {
    "__repr__": _printing.tensor_repr,
    "nelement": Tensor.numel,
    "ndimension": Tensor.dim,
}.items():
    setattr(Tensor, _name, _function)


@method
def __format__(self: Tensor, spec: str) -> str:
    """A tensor with no dimensions is formatted as its number, so ``f"{loss}"`` reads ``2.5``."""
    if self.ndim == 0 and self.device.type != "meta" and self.__class__ is Tensor:
        return format(self.item(), spec)
    return object.__format__(self, spec)


@method
def is_floating_point(self: Tensor) -> bool:
    """True if the elements are floating-point numbers."""
    return self.dtype.is_floating_point


@method
def is_complex(self: Tensor) -> bool:
    """True if the elements are complex numbers: there are no complex dtypes yet."""
    return False


@method
def get_device(self: Tensor) -> int:
    """The index of the GPU, -1 for the host."""
    return -1 if self.device.index is None else self.device.index


@method
def type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """Self cast to ``dtype``, a dtype or tensor type; without one, the name of self's type.

    The names are PyTorch's, which programs compare: ``'torch.FloatTensor'``.
    """
    from engine._legacy import dtype_of_type, type_name

    return type_name(self.dtype) if dtype is None else self.to(dtype_of_type(dtype))


@method
def new_tensor(self: Tensor, data: Any, **options: Any) -> Tensor:
    """A tensor of ``data`` in the dtype of self."""
    from engine._creation import tensor

    return tensor(data, **{"dtype": self.dtype, **options})


@method
def where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """Self where ``condition`` holds, ``other`` elsewhere."""
    return _C.where(condition, self, other)


@method
def new(self: Tensor, *size: int) -> Tensor:
    """An uninitialised tensor of the given sizes in the dtype of self."""
    return self.new_empty(*size) if size else self.new_empty(0)


@method
def conj(self: Tensor) -> Tensor:
    """Self: there are no complex numbers yet."""
    return self


@method
def is_conj(self: Tensor) -> bool:
    """False: there are no complex numbers yet."""
    return False


@method
def is_neg(self: Tensor) -> bool:
    """False: no tensor is negated when it is read."""
    return False


@method
def adjoint(self: Tensor) -> Tensor:
    """The last two dimensions exchanged."""
    return self.mT


@method
def dim_order(self: Tensor) -> tuple[int, ...]:
    """The dimensions in the order of descending strides."""
    strides = self.stride()
    return tuple(sorted(range(self.ndim), key=lambda d: -strides[d]))


@method
def is_signed(self: Tensor) -> bool:
    """True if the elements can be negative."""
    return self.dtype.is_signed


@method
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: no device reads the memory."""
    return False


@method
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """Raises RuntimeError: no device reads pinned memory."""
    raise RuntimeError("pin_memory: there is no device that reads pinned memory")


@method
def is_shared(self: Tensor) -> bool:
    """True if the memory is shared between processes: see engine.multiprocessing."""
    from engine.multiprocessing import is_shared

    return is_shared(self)


@method
def share_memory_(self: Tensor) -> Tensor:
    """Moves self to memory that other processes can map, and returns it.

    Raises RuntimeError if other tensors share the memory. See engine.multiprocessing.
    """
    from engine.multiprocessing import share

    return share(self)


@method
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replaces each element by a Python function of it: slow, for the CPU."""
    return self.copy_(_C.from_numpy(_each(callable, self)).view(self.shape))


@method
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replaces each element by a Python function of it and of the element of ``tensor``."""
    return self.copy_(_C.from_numpy(_each(callable, self, tensor.expand_as(self))).view(self.shape))


@method
def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """Replaces each element by a Python function of it and of the elements of two tensors."""
    values = _each(callable, self, x.expand_as(self), y.expand_as(self))
    return self.copy_(_C.from_numpy(values).view(self.shape))


def _each(function: Callable[..., Any], *tensors: Tensor) -> np.ndarray:
    numbers = (t.flatten().tolist() for t in tensors)
    return np.array([function(*each) for each in zip(*numbers, strict=True)])


@method
def new_empty_strided(
    self: Tensor, size: Sequence[int], stride: Sequence[int], dtype: Any = None, **options: Any
) -> Tensor:
    """An uninitialised tensor of given strides in the dtype of self."""
    return _C.empty_strided(size, stride, dtype=self.dtype if dtype is None else dtype, **options)


@method
def as_subclass(self: Tensor, cls: Any) -> Any:
    """A differentiable view of self of class ``cls``, a subclass of Tensor."""
    return _C._as_subclass(self, cls)


@method
def __reversed__(self: Tensor) -> Tensor:
    return self.flip(0) if self.ndim else self


@method
def __contains__(self: Tensor, value: Any) -> bool:
    return bool((self == value).any().item())
