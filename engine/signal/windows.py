"""Window functions, under the names of SciPy and PyTorch.

A symmetric window has ``M`` elements; with ``sym=False`` it is periodic: the first ``M`` of a
symmetric one with an element more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._constants import strided

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _window(
    name: str, M: int, sym: bool, values: Callable[[Tensor, int], Tensor], options: dict[str, Any]
) -> Tensor:
    """``values`` of the indices 0 ... M - 1 and of the index at which the window ends."""
    dtype, layout = options.get("dtype"), options.get("layout")
    if M < 0:
        raise ValueError(f"{name}: M: expected 0 or more, got {M}")
    if layout not in (None, strided):
        raise ValueError(f"{name}: layout: expected strided, got {layout}")
    dtype = _C.get_default_dtype() if dtype is None else dtype
    if not dtype.is_floating_point:
        raise ValueError(f"{name}: dtype: expected a floating dtype, got {dtype}")
    end = M - 1 if sym else M
    index = _C.arange(M, dtype=_C.float64, device=options.get("device"))
    window = _C.ones_like(index) if M <= 1 else values(index, end)
    return window.to(dtype).requires_grad_(options.get("requires_grad", False))


def bartlett(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Bartlett's window, a triangle.

    >>> import engine
    >>> engine.signal.windows.bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _window("bartlett", M, sym, lambda i, n: 1 - (2 * i / n - 1).abs(), options)


def general_cosine(M: int, *, a: Iterable[float], sym: bool = True, **options: Any) -> Tensor:
    """The sum of ``(-1)^k a[k] cos(2 pi k i / n)`` over the weights ``a``.

    >>> import engine
    >>> engine.signal.windows.general_cosine(3, a=[0.5, 0.5])
    tensor([0., 1., 0.])
    """
    weights = list(a)
    if not weights:
        raise ValueError("general_cosine: a: expected weights, got none")

    def values(index: Tensor, end: int) -> Tensor:
        total = _C.zeros_like(index)
        for k, weight in enumerate(weights):
            total = total + (-1) ** k * weight * _C.cos(index * (2 * math.pi * k / end))
        return total

    return _window("general_cosine", M, sym, values, options)


def blackman(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Blackman's window: a cosine sum with the weights 0.42, 0.5 and 0.08.

    >>> import engine
    >>> engine.signal.windows.blackman(3)[1]
    tensor(1.)
    """
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **options)


def nuttall(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Nuttall's window: a cosine sum of four terms.

    >>> import engine
    >>> engine.signal.windows.nuttall(3)
    tensor([3.6280e-04, 1.0000e+00, 3.6280e-04])
    """
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, **options)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, **options: Any) -> Tensor:
    """``alpha - (1 - alpha) cos(2 pi i / n)``.

    >>> import engine
    >>> engine.signal.windows.general_hamming(3, alpha=0.5)
    tensor([0., 1., 0.])
    """
    return general_cosine(M, a=[alpha, 1.0 - alpha], sym=sym, **options)


def hamming(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Hamming's window: ``0.54 - 0.46 cos(2 pi i / n)``.

    >>> import engine
    >>> engine.signal.windows.hamming(3)
    tensor([0.0800, 1.0000, 0.0800])
    """
    return general_hamming(M, sym=sym, **options)


def hann(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Hann's window: ``(1 - cos(2 pi i / n)) / 2``.

    >>> import engine
    >>> engine.signal.windows.hann(4, sym=False)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return general_hamming(M, alpha=0.5, sym=sym, **options)


def cosine(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Half a period of a sine.

    >>> import engine
    >>> engine.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """

    def values(index: Tensor, end: int) -> Tensor:
        return _C.sin((index + 0.5) * (math.pi / (end + 1)))

    return _window("cosine", M, sym, values, options)


def gaussian(M: int, *, std: float = 1.0, sym: bool = True, **options: Any) -> Tensor:
    """``exp(-(i - n / 2)^2 / (2 std^2))``.

    >>> import engine
    >>> engine.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    if std <= 0:
        raise ValueError(f"gaussian: std: expected more than 0, got {std}")

    def values(index: Tensor, end: int) -> Tensor:
        return _C.exp(((index - end / 2) / std) ** 2 / -2)

    return _window("gaussian", M, sym, values, options)


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, **options: Any
) -> Tensor:
    """``exp(-|i - center| / tau)``, by default around the middle.

    >>> import engine
    >>> engine.signal.windows.exponential(3)
    tensor([0.3679, 1.0000, 0.3679])
    """
    if tau <= 0:
        raise ValueError(f"exponential: tau: expected more than 0, got {tau}")
    if sym and center is not None:
        raise ValueError("exponential: center: must be None for a symmetric window")

    def values(index: Tensor, end: int) -> Tensor:
        middle = end / 2 if center is None else center
        return _C.exp((index - middle).abs() / -tau)

    return _window("exponential", M, sym, values, options)


def kaiser(M: int, *, beta: float = 12.0, sym: bool = True, **options: Any) -> Tensor:
    """Kaiser's window: ``i0(beta sqrt(1 - (2 i / n - 1)^2)) / i0(beta)``.

    >>> import engine
    >>> engine.signal.windows.kaiser(3, beta=2.0)
    tensor([0.4387, 1.0000, 0.4387])
    """
    if beta < 0:
        raise ValueError(f"kaiser: beta: expected 0 or more, got {beta}")

    def values(index: Tensor, end: int) -> Tensor:
        root = _C.sqrt((1 - (2 * index / end - 1) ** 2).clamp_min(0))
        return _C.i0(beta * root) / _C.i0(_C.full((), beta, dtype=_C.float64))

    return _window("kaiser", M, sym, values, options)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, **options: Any
) -> Tensor:
    """:func:`kaiser` under its older name.

    >>> import engine
    >>> engine.kaiser_window(3, periodic=False, beta=2.0)
    tensor([0.4387, 1.0000, 0.4387])
    """
    return kaiser(window_length, beta=beta, sym=not periodic, **options)


guard_functions(globals(), [*__all__, "kaiser_window"])
