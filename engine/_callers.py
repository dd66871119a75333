"""Who called an op that failed, for its message: asked only once there is an error."""

from __future__ import annotations

import sys
from types import FrameType


def called_function() -> str:
    """The function or layer of this package that the user called, '' if it was an op itself.

    Of the functions between the op and the user's code it is the outermost public one; a layer
    speaks for itself, whoever holds it.
    """
    from engine.nn.module import Module

    frame: FrameType | None = sys._getframe(1)
    name = ""
    while frame and frame.f_globals.get("__name__", "").startswith("engine."):
        code = frame.f_code
        if code is Module.__call__.__code__:
            return type(frame.f_locals["self"]).__name__
        if code.co_name == "<module>":  # an example in a docstring
            break
        if code.co_name == "__init__":
            name = type(frame.f_locals["self"]).__name__
        elif not code.co_name.startswith(("_", "<")):
            name = code.co_qualname.partition(".<locals>")[0]
        frame = frame.f_back
    return name
