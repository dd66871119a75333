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

import math as _math
import os as _os

# OpenMP reads its policy once, when its library loads. Threads that sleep while they wait cost a few
# microseconds more per kernel; threads that spin stall everything when another process needs a core.
_policy_was_set = "OMP_WAIT_POLICY" in _os.environ
_os.environ.setdefault("OMP_WAIT_POLICY", "passive")
from engine import _C  # noqa: E402

if not _policy_was_set:
    del _os.environ["OMP_WAIT_POLICY"]

from engine._C import *  # noqa: E402, F403
from engine._C import Generator, Size, Tensor, default_generator, device, dtype  # noqa: E402
from engine._creation import as_tensor, asarray, from_numpy, tensor  # noqa: E402
from engine._dtypes import (  # noqa: E402
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
from engine._functions import *  # noqa: E402, F403
from engine._printing import set_printoptions  # noqa: E402
from engine import _tensor as _tensor  # noqa: E402  (adds Tensor's Python methods)
from engine import autograd, data, nn, optim, testing, utils  # noqa: E402
from engine.autograd.modes import (  # noqa: E402
    enable_grad,
    inference_mode,
    no_grad,
    set_grad_enabled,
)

from engine.serialization import load, save  # noqa: E402

inf = _math.inf
nan = _math.nan
pi = _math.pi
e = _math.e

__version__ = "0.1.0"
