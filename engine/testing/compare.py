"""Comparing tensors."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np

# relative and absolute tolerance by dtype, PyTorch's
_TOLERANCES = {
    _C.float16: (1e-3, 1e-5),
    _C.bfloat16: (1.6e-2, 1e-5),
    _C.float32: (1.3e-6, 1e-5),
    _C.float64: (1e-7, 1e-7),
}


def _array(value: Any) -> np.ndarray:
    if not isinstance(value, Tensor):
        return np.asarray(value)
    plain = value.detach()
    return (plain.float() if plain.dtype == _C.bfloat16 else plain).numpy()


def assert_close(
    actual: Any,
    expected: Any,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
) -> None:
    """Raises AssertionError unless shapes agree, and elements within atol + rtol * |expected|.

    The default tolerances follow the dtype of ``actual``; integers and bools must be equal.

    >>> import engine
    >>> engine.testing.assert_close(engine.tensor([1.0]), engine.tensor([1.0 + 1e-7]))
    """
    default = (
        _TOLERANCES.get(actual.dtype, (0.0, 0.0)) if isinstance(actual, Tensor) else (1e-7, 1e-7)
    )
    np.testing.assert_allclose(
        _array(actual).astype(np.float64),
        _array(expected).astype(np.float64),
        rtol=default[0] if rtol is None else rtol,
        atol=default[1] if atol is None else atol,
        equal_nan=equal_nan,
        strict=True,
    )
