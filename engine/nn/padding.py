"""Padding layers. `padding` is one width for all sides, or (left, right, top, bottom, ...)."""

from __future__ import annotations

from collections.abc import Sequence

from engine._C import Tensor
from engine.nn import functional as F
from engine.nn.functional.conv import to_tuple
from engine.nn.module import Module


class _Pad(Module):
    _dims: int
    _mode: str
    value: float | None = None

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        self.padding = to_tuple(padding, 2 * self._dims, f"{type(self).__name__}: padding")

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode, self.value)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Pad):
    _mode = "constant"

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Pad the last dimension with a value."""

    _dims = 1


class ConstantPad2d(_ConstantPad):
    """Pad the last two dimensions with a value.

    >>> import engine
    >>> tuple(engine.nn.ConstantPad2d((1, 0, 2, 0), 3.5)(engine.zeros(1, 4, 4)).shape)
    (1, 6, 5)
    """

    _dims = 2


class ConstantPad3d(_ConstantPad):
    """Pad the last three dimensions with a value."""

    _dims = 3


class _ZeroPad(_Pad):
    _mode = "constant"
    value = 0.0


class ZeroPad1d(_ZeroPad):
    """Pad the last dimension with zeros."""

    _dims = 1


class ZeroPad2d(_ZeroPad):
    """Pad the last two dimensions with zeros."""

    _dims = 2


class ZeroPad3d(_ZeroPad):
    """Pad the last three dimensions with zeros."""

    _dims = 3


class _ReflectionPad(_Pad):
    _mode = "reflect"


class ReflectionPad1d(_ReflectionPad):
    """Pad the last dimension with its mirror image, the edge not repeated."""

    _dims = 1


class ReflectionPad2d(_ReflectionPad):
    """Pad the last two dimensions with their mirror image, the edge not repeated."""

    _dims = 2


class ReflectionPad3d(_ReflectionPad):
    """Pad the last three dimensions with their mirror image, the edge not repeated."""

    _dims = 3


class _ReplicationPad(_Pad):
    _mode = "replicate"


class ReplicationPad1d(_ReplicationPad):
    """Pad the last dimension with its edge."""

    _dims = 1


class ReplicationPad2d(_ReplicationPad):
    """Pad the last two dimensions with their edges."""

    _dims = 2


class ReplicationPad3d(_ReplicationPad):
    """Pad the last three dimensions with their edges."""

    _dims = 3


class _CircularPad(_Pad):
    _mode = "circular"


class CircularPad1d(_CircularPad):
    """Pad the last dimension with its other end."""

    _dims = 1


class CircularPad2d(_CircularPad):
    """Pad the last two dimensions with their other ends."""

    _dims = 2


class CircularPad3d(_CircularPad):
    """Pad the last three dimensions with their other ends."""

    _dims = 3
