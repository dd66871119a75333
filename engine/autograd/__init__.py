"""Automatic differentiation: the backward pass, modes, custom functions.

>>> import engine
>>> x = engine.tensor(2.0, requires_grad=True)
>>> (dx,) = engine.autograd.grad(x ** 3, x, create_graph=True)
>>> engine.autograd.grad(dx, x)
(tensor(12.),)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine._argument_errors import guard_functions
from engine._C import Node
from engine.autograd import graph
from engine.autograd.anomaly import detect_anomaly, set_detect_anomaly
from engine.autograd.function import Function
from engine.autograd.gradients import backward, grad
from engine.autograd.modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from engine.autograd.variable import Variable

if TYPE_CHECKING:  # imported at their first use
    from engine.autograd import forward_ad, functional
    from engine.testing.gradcheck import gradcheck, gradgradcheck

__all__ = [
    "Function",
    "Node",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

guard_functions(globals(), __all__)
