"""Optimizers and learning-rate schedules, under PyTorch's names."""

from __future__ import annotations

from engine._argument_errors import guard_constructors
from engine.optim import lr_scheduler
from engine.optim.adam import Adam, AdamW
from engine.optim.adaptive import Adadelta, Adagrad, Adamax, NAdam, RAdam
from engine.optim.optimizer import Optimizer
from engine.optim.rmsprop import RMSprop
from engine.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
]

guard_constructors(globals(), __all__)
