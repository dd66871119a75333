"""Dtypes' short names and the default dtype."""

from __future__ import annotations

from engine import _C

double = _C.float64
float = _C.float32
half = _C.float16
long = _C.int64
int = _C.int32
short = _C.int16


def set_default_dtype(d: _C.dtype) -> None:
    """Sets the dtype of floating tensors created without one, such as ``zeros(2)``.

    Also that of integers divided, and of integers combined with Python's floats.

    >>> import engine
    >>> engine.set_default_dtype(engine.float64); engine.zeros(1).dtype
    engine.float64
    >>> engine.set_default_dtype(engine.float32)
    """
    if not isinstance(d, _C.dtype) or not d.is_floating_point:
        raise TypeError(f"set_default_dtype: expected a floating dtype, got {d}")
    _C._set_default_dtype(d)
