"""Signal processing: window functions.

>>> import engine
>>> engine.signal.windows.hann(3)
tensor([0., 1., 0.])
"""

from __future__ import annotations

from engine.signal import windows

__all__ = ["windows"]
