"""Comparing tensors, numbers, and containers of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
Message = str | Callable[[str], str] | None


class _Comparison:
    """The options of one call."""

    def __init__(self, rtol: Any, atol: Any, equal_nan: bool, checks: dict[str, bool]) -> None:
        if (rtol is None) != (atol is None):
            missing = "atol" if atol is None else "rtol"
            raise ValueError(f"assert_close: rtol and atol go together, but {missing} is None")
        self.tolerances = None if rtol is None else (float(rtol), float(atol))
        self.equal_nan = equal_nan
        self.checks = checks

    def run(self, actual: Any, expected: Any, path: str) -> None:
        """Raises AssertionError at the first difference, TypeError for what is no number."""
        kinds = type(actual).__name__, type(expected).__name__
        if isinstance(actual, Mapping) and isinstance(expected, Mapping):
            if set(actual) != set(expected):
                raise AssertionError(f"{path}keys {list(actual)} and {list(expected)} differ")
            for key in actual:
                self.run(actual[key], expected[key], f"{path}[{key!r}]: ")
        elif _is_sequence(actual) and _is_sequence(expected):
            if len(actual) != len(expected):
                raise AssertionError(f"{path}lengths {len(actual)} and {len(expected)} differ")
            for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
                self.run(a, b, f"{path}[{i}]: ")
        elif actual is None or expected is None:
            if actual is not expected:
                raise AssertionError(f"{path}None is not equal to a {max(kinds)}")
        elif _is_array(actual) and _is_array(expected):
            self._tensors(_as_tensor(actual), _as_tensor(expected), path)
        elif isinstance(actual, (bool, int, float)) and isinstance(expected, (bool, int, float)):
            if self.checks["dtype"] and type(actual) is not type(expected):
                raise AssertionError(f"{path}types {kinds[0]} and {kinds[1]} differ")
            self._tensors(_as_tensor(float(actual)), _as_tensor(float(expected)), path)
        else:
            raise TypeError(f"assert_close: {path}cannot compare {kinds[0]} and {kinds[1]}")

    def _tensors(self, actual: Tensor, expected: Tensor, path: str) -> None:
        properties: dict[str, Callable[[Tensor], Any]] = {
            "shape": lambda t: tuple(t.shape),
            "device": lambda t: t.device,
            "dtype": lambda t: t.dtype,
            "stride": lambda t: t.stride(),
        }
        for name, of in properties.items():
            if self.checks.get(name, True) and of(actual) != of(expected):
                raise AssertionError(f"{path}{name} {of(actual)} is not {of(expected)}")
        rtol, atol = self.tolerances or map(
            max, zip(_default(actual), _default(expected), strict=True)
        )
        a, b = (t.detach().to("cpu", _C.float64).numpy() for t in (actual, expected))
        close = np.isclose(a, b, rtol, atol, self.equal_nan)
        if rtol == atol == 0 and not actual.dtype.is_floating_point:
            close = (actual == expected).cpu().numpy()  # large integers are not exact in float64
        if not close.all():
            raise AssertionError(path + _report(a, b, ~close, rtol, atol))


def _default(*tensors: Tensor) -> tuple[float, float]:
    """The tolerances of the dtype that has the larger ones."""
    return max(_TOLERANCES.get(tensor.dtype, (0.0, 0.0)) for tensor in tensors)


def _is_array(value: Any) -> bool:
    return isinstance(value, (Tensor, np.ndarray, np.generic))


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else _C.from_numpy(np.array(value))


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _report(a: np.ndarray, b: np.ndarray, wrong: np.ndarray, rtol: float, atol: float) -> str:
    """The number of differing elements, and the largest difference with its index."""
    with np.errstate(all="ignore"):
        gap = np.abs(a - b)
        index = np.unravel_index(
            np.where(wrong, np.nan_to_num(gap, nan=np.inf), -1).argmax(), a.shape
        )
        share = gap[index] / abs(b[index])
    where = f" at index {tuple(map(int, index))}" if a.ndim else ""
    return (
        f"{int(wrong.sum())} of {wrong.size} elements are not close: {a[index]} and "
        f"{b[index]}{where} differ by {gap[index]:.3g}, relatively by {share:.3g} (allowed: "
        f"{atol:g} + {rtol:g} * |expected|)"
    )


def assert_close(
    actual: Any,
    expected: Any,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    allow_subclasses: bool = True,
    msg: Message = None,
) -> None:
    """Raises AssertionError unless all elements agree within ``atol + rtol * |expected|``.

    Shapes, dtypes and devices must agree too, as far as they are checked. Besides tensors: arrays,
    numbers, and sequences and mappings of them. The default tolerances follow the dtype; integers
    and bools must be equal. ``msg`` replaces the message, or is a function of it.

    >>> import engine
    >>> engine.testing.assert_close(engine.tensor([1.0]), engine.tensor([1.0 + 1e-7]))
    >>> engine.testing.assert_close({"a": [1.0, 2.0]}, {"a": [1.0, 2.0 + 1e-9]})
    """
    checks = {"device": check_device, "dtype": check_dtype, "stride": check_stride}
    comparison = _Comparison(rtol, atol, equal_nan, checks)
    try:
        comparison.run(actual, expected, "")
    except AssertionError as error:
        if msg is None:
            raise
        raise AssertionError(msg if isinstance(msg, str) else msg(str(error))) from None


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """The older form of :func:`assert_close`: numbers become tensors, and nan equals nan.

    >>> import engine
    >>> engine.testing.assert_allclose(engine.tensor([1.0, 2.0]), [1.0, 2.0])
    """
    if not isinstance(actual, Tensor):
        actual = _as_tensor(np.array(actual))
    if not isinstance(expected, Tensor):
        expected = _as_tensor(np.array(expected)).to(actual.dtype)
    options: dict[str, Any] = {"equal_nan": equal_nan, "check_dtype": False, "msg": msg or None}
    if rtol is None and atol is None:
        rtol, atol = _default(actual, expected)
    assert_close(actual, expected, rtol=rtol, atol=atol, **options)
