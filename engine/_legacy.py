"""PyTorch's older constructors: ``Tensor([1, 2])``, ``FloatTensor(2, 3)``, ``LongTensor(a)``."""

from __future__ import annotations

import builtins
import math
import warnings
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._creation import tensor
from engine._lazy import numpy as np
from engine._storage import TypedStorage, UntypedStorage

__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "range",
    "set_default_tensor_type",
]


def _is_size(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, (bool, np.ndarray, Tensor))


def legacy_tensor(
    name: str, dtype: _C.dtype | None, *args: Any, device: Any = None, size: Any = None
) -> Tensor:
    """An uninitialised tensor of given sizes, or a tensor of given values, in ``dtype``.

    ``name`` is the constructor's, for messages; ``dtype`` None means the default dtype.
    """
    wanted = _C.get_default_dtype() if dtype is None else dtype
    if size is not None:
        args = tuple(size)
    if all(map(_is_size, args)):
        sizes = [int(n) for n in args] or [0]
        return _C.empty(sizes, dtype=wanted, device=device)
    if len(args) != 1:
        raise TypeError(f"{name}: expected sizes, or one sequence of numbers, got {args!r:.80}")
    data = args[0]
    if isinstance(data, _C.Size):
        return _C.empty(data, dtype=wanted, device=device)
    if isinstance(data, (UntypedStorage, TypedStorage)):
        return _C.empty(0, dtype=wanted).set_(data)
    if isinstance(data, Tensor):
        if data.dtype != wanted:
            raise TypeError(f"{name}: expected a tensor of {wanted}, got one of {data.dtype}")
        return data.detach()
    if not isinstance(data, (list, tuple, builtins.range, np.ndarray)):
        raise TypeError(
            f"{name}: expected sizes, a sequence of numbers or a tensor, got {type(data).__name__}"
        )
    return tensor(data if isinstance(data, np.ndarray) else list(data)).to(wanted, device=device)


class _LegacyType(type):
    """Metaclass of legacy constructors: not tensor classes, but usable with ``isinstance``."""

    dtype: _C.dtype
    is_cuda = is_sparse = False

    def __call__(cls, *args: Any, **options: Any) -> Tensor:
        return legacy_tensor(cls.__name__, cls.dtype, *args, **options)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor) and value.dtype == cls.dtype and value.device.type == "cpu"


def _legacy_type(name: str, dtype: _C.dtype) -> _LegacyType:
    doc = f"Makes tensors of {dtype} from sizes or from numbers; tensors of it are instances."
    return _LegacyType(name, (), {"dtype": dtype, "__doc__": doc, "__module__": "engine"})


BFloat16Tensor = _legacy_type("BFloat16Tensor", _C.bfloat16)
BoolTensor = _legacy_type("BoolTensor", _C.bool)
ByteTensor = _legacy_type("ByteTensor", _C.uint8)
CharTensor = _legacy_type("CharTensor", _C.int8)
DoubleTensor = _legacy_type("DoubleTensor", _C.float64)
FloatTensor = _legacy_type("FloatTensor", _C.float32)
HalfTensor = _legacy_type("HalfTensor", _C.float16)
IntTensor = _legacy_type("IntTensor", _C.int32)
LongTensor = _legacy_type("LongTensor", _C.int64)
ShortTensor = _legacy_type("ShortTensor", _C.int16)

_TYPES = (
    BFloat16Tensor,
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)
_BY_NAME = {kind.__name__: kind for kind in _TYPES}
_BY_DTYPE = {kind.dtype: kind for kind in _TYPES}


def type_name(dtype: _C.dtype) -> str:
    """The result of ``Tensor.type()`` for a dtype: PyTorch's name, as programs compare it.

    >>> import engine
    >>> engine.zeros(1).type()
    'torch.FloatTensor'
    """
    return f"torch.{_BY_DTYPE[dtype].__name__}"


def dtype_of_type(kind: Any) -> _C.dtype:
    """The dtype that ``Tensor.type(kind)`` converts to; a ValueError if there is none."""
    if isinstance(kind, _C.dtype):
        return kind
    if isinstance(kind, _LegacyType):
        return kind.dtype
    if isinstance(kind, str):
        package, _, name = kind.rpartition(".")
        if package in ("torch", "engine") and name in _BY_NAME:
            return _BY_NAME[name].dtype
        if package.endswith(".cuda"):
            raise RuntimeError(f"type: {kind}: there is no CUDA device")
    raise ValueError(f"type: argument 'dtype': expected a dtype or tensor type, got {kind!r}")


def range(
    start: float = 0,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: _C.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The numbers from ``start`` to ``end``, which is included; deprecated, prefer ``arange``.

    >>> import engine
    >>> engine.range(1, 3)
    tensor([1., 2., 3.])
    """
    warnings.warn("range: deprecated; use arange, which leaves out its end", stacklevel=2)
    if end is None:
        start, end = 0, start
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(f"range: step: {step} does not lead from {start} to {end}")
    count = math.floor((end - start) / step) + 1
    numbers = _C.arange(count, dtype=_C.float64, device=device) * step + start
    return numbers.to(_C.get_default_dtype() if dtype is None else dtype).requires_grad_(
        requires_grad
    )


def set_default_tensor_type(t: Any) -> None:
    """Makes the dtype of a floating tensor type, such as ``DoubleTensor``, the default dtype.

    >>> import engine
    >>> engine.set_default_tensor_type("torch.FloatTensor")
    """
    from engine._dtypes import set_default_dtype

    set_default_dtype(dtype_of_type(t))
