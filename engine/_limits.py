"""The limits of dtypes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from engine import _C


@dataclass(frozen=True)
class finfo:
    """The limits of a floating dtype.

    >>> import engine
    >>> engine.finfo(engine.float32).eps == 2.0**-23
    True
    """

    dtype: _C.dtype = _C.float32
    bits: int = field(init=False)
    eps: float = field(init=False)
    tiny: float = field(init=False)
    smallest_normal: float = field(init=False)
    max: float = field(init=False)
    min: float = field(init=False)
    resolution: float = field(init=False)

    # bits, explicit mantissa bits, smallest and largest exponent of a normal number
    _LAYOUT: ClassVar = {
        _C.float8_e4m3fn: (8, 3, -6, 8),
        _C.float8_e5m2: (8, 2, -14, 15),
        _C.float16: (16, 10, -14, 15),
        _C.bfloat16: (16, 7, -126, 127),
        _C.float32: (32, 23, -126, 127),
        _C.float64: (64, 52, -1022, 1023),
    }

    def __post_init__(self) -> None:
        if self.dtype not in self._LAYOUT:
            raise TypeError(f"finfo: expected a floating dtype, got {self.dtype}")
        bits, mantissa, low, high = self._LAYOUT[self.dtype]
        # The largest significand of float8_e4m3fn encodes nan.
        lost = 2 if self.dtype == _C.float8_e4m3fn else 1
        largest = (2.0 - lost * 2.0**-mantissa) * 2.0**high
        values = {
            "bits": bits,
            "eps": 2.0**-mantissa,
            "tiny": 2.0**low,
            "smallest_normal": 2.0**low,
            "max": largest,
            "min": -largest,
            "resolution": 10.0 ** -{2: 0, 3: 0, 10: 3, 7: 2, 23: 6, 52: 15}[mantissa],
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return _limits_repr(self, names)


@dataclass(frozen=True)
class iinfo:
    """The limits of an integer dtype.

    >>> import engine
    >>> engine.iinfo(engine.int8).max
    127
    """

    dtype: _C.dtype
    bits: int = field(init=False)
    min: int = field(init=False)
    max: int = field(init=False)

    def __post_init__(self) -> None:
        if self.dtype.is_floating_point or self.dtype == _C.bool:
            raise TypeError(f"iinfo: expected an integer dtype, got {self.dtype}")
        bits = self.dtype.itemsize * 8
        signed = self.dtype.is_signed
        object.__setattr__(self, "bits", bits)
        object.__setattr__(self, "min", -(2 ** (bits - 1)) if signed else 0)
        object.__setattr__(self, "max", 2 ** (bits - signed) - 1)

    def __repr__(self) -> str:
        return _limits_repr(self, ("min", "max"))


def _limits_repr(limits: finfo | iinfo, names: tuple[str, ...]) -> str:
    """PyTorch's repr: six significant digits, and the dtype without its module."""
    shown = [f"{name}={getattr(limits, name):g}" for name in names]
    dtype = str(limits.dtype).rpartition(".")[2]
    return f"{type(limits).__name__}({', '.join(shown)}, dtype={dtype})"
