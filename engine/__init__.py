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
from engine import (
    amp as amp,
    autograd as autograd,
    data as data,
    nn as nn,
    optim as optim,
    testing as testing,
    utils as utils,
)
from engine._C import *  # noqa: F403
from engine._constants import *  # noqa: F403
from engine._creation import as_tensor as as_tensor, asarray as asarray, tensor as tensor
from engine._dtypes import (
    double as double,
    finfo as finfo,
    float as float,
    get_default_dtype as get_default_dtype,
    half as half,
    iinfo as iinfo,
    int as int,
    long as long,
    set_default_dtype as set_default_dtype,
    short as short,
)
from engine._functions import *  # noqa: F403
from engine._printing import set_printoptions as set_printoptions
from engine.amp.autocast_mode import (
    autocast as autocast,
    get_autocast_dtype as get_autocast_dtype,
    is_autocast_enabled as is_autocast_enabled,
)
from engine.autograd.modes import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from engine.serialization import load as load, save as save

__version__ = "0.1.0"
