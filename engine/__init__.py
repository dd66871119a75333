"""Bestiary's deep-learning framework: eager tensors, automatic differentiation, neural networks.

Names, argument order and defaults are PyTorch's, so that most programs read the same after
``import engine as torch``.

>>> import engine
>>> x = engine.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from __future__ import annotations

from engine import _threads as _threads  # isort: skip  (loads engine._C, so it comes first)
from engine import _tensor as _tensor  # isort: skip  (gives Tensor its Python methods)
from engine import autograd, data, nn, optim, testing, utils
from engine._C import *  # noqa: F403
from engine._C import Generator, Size, Tensor, default_generator, device, dtype
from engine._constants import e, inf, nan, newaxis, pi
from engine._creation import as_tensor, asarray, from_numpy, tensor
from engine._dtypes import (
    double,
    finfo,
    float,
    get_default_dtype,
    half,
    iinfo,
    int,
    long,
    set_default_dtype,
    short,
)
from engine._functions import *  # noqa: F403
from engine._printing import set_printoptions
from engine.autograd.modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from engine.serialization import load, save

__version__ = "0.1.0"
