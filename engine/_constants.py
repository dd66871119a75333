"""Mathematical constants, memory formats and layouts."""

from __future__ import annotations

from math import e, inf, nan, pi

__all__ = [
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "e",
    "inf",
    "layout",
    "memory_format",
    "nan",
    "newaxis",
    "pi",
    "preserve_format",
    "strided",
]

newaxis = None


class _Word(str):
    """A string option of op schemas that prints as PyTorch's constant."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"engine.{self}"


class memory_format(_Word):
    """The order of a tensor's dimensions in memory, as contiguous() and clone() take it."""

    __slots__ = ()


class layout(_Word):
    """Storage layout of a tensor's elements."""

    __slots__ = ()


channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")

strided = layout("strided")
