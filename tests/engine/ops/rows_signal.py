"""Window functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from .rows_ranges import creation


def window(name: str) -> Any:
    """SciPy's window, periodic by default."""

    def reference(n: int, periodic: bool = True) -> Any:
        return signal.get_window(name, n, fftbins=periodic).astype(np.float32)

    return reference


ROWS = [
    creation(f"{name}_window", window(name), 7, **kwargs)
    for name in ("hann", "hamming", "blackman", "bartlett")
    for kwargs in ({}, {"periodic": False})
]
