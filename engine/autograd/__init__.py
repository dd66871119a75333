"""Automatic differentiation: the backward pass, modes, custom functions.

>>> import engine
>>> x = engine.tensor(2.0, requires_grad=True)
>>> (dx,) = engine.autograd.grad(x ** 3, x, create_graph=True)
>>> engine.autograd.grad(dx, x)
(tensor(12.),)
"""

from __future__ import annotations

from engine._argument_errors import guard_functions
from engine.autograd.anomaly import detect_anomaly, set_detect_anomaly
from engine.autograd.function import Function
from engine.autograd.gradients import backward, grad
from engine.autograd.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

guard_functions(globals(), __all__)
