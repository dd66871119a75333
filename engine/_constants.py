"""Numbers with names."""

from __future__ import annotations

from math import e, inf, nan, pi

__all__ = [
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "e",
    "inf",
    "nan",
    "newaxis",
    "pi",
    "preserve_format",
    "strided",
]

newaxis = None

# Memory formats, as contiguous() and clone() take them.
channels_last = "channels_last"
channels_last_3d = "channels_last_3d"
contiguous_format = "contiguous_format"
preserve_format = "preserve_format"

strided = "strided"  # the layout of every tensor
