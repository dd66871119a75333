"""Anomaly mode: errors of the backward pass name the line of the forward pass."""

from __future__ import annotations

import os

from engine import _C

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def current_line() -> str:
    """The innermost line of Python that is not the engine's own."""
    import traceback  # slow to import

    for frame in reversed(traceback.extract_stack()):
        if not os.path.abspath(frame.filename).startswith(_PACKAGE + os.sep):
            return (
                f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n    {frame.line}'
            )
    return "  (no line of Python outside the engine)"


class detect_anomaly:
    """Raises at the first nan in the backward pass, with the line of the forward pass it came from.

    Slow: for debugging.

    >>> import engine
    >>> with engine.autograd.detect_anomaly():
    ...     y = engine.tensor(1.0, requires_grad=True) * 2
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.mode = check_nan

    def __enter__(self) -> None:
        self._saved = _C._set_anomaly_enabled(self.mode)

    def __exit__(self, *_: object) -> None:
        _C._set_anomaly_enabled(self._saved)


class set_detect_anomaly(detect_anomaly):
    """Switches anomaly mode on or off, permanently or for a ``with`` block.

    >>> import engine
    >>> with engine.autograd.set_detect_anomaly(True):
    ...     engine.is_anomaly_enabled()
    True
    >>> engine.is_anomaly_enabled()
    False
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(mode)
        self._saved = _C._set_anomaly_enabled(mode)

    def __enter__(self) -> None:
        """The mode was set by the constructor."""
