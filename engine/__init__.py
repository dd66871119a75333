"""Bestiary's deep-learning framework: eager tensors, automatic differentiation, neural networks.

Names, argument order and defaults are PyTorch's, so that most programs read the same after
``import engine as torch``; docs/differences.md says which do not.

>>> import engine
>>> x = engine.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import _threads as _threads  # isort: skip  (loads engine._C, so it comes first)
from engine import _tensor as _tensor  # isort: skip  (gives Tensor its Python methods)
from engine import _tensor_copy as _tensor_copy  # isort: skip
from engine import (
    _inplace_views as _inplace_views,
    amp as amp,
    autograd as autograd,
    nn as nn,
    optim as optim,
    random as random,
    utils as utils,
)
from engine._arithmetic import *  # noqa: F403
from engine._C import *  # noqa: F403
from engine._constants import *  # noqa: F403
from engine._creation import (
    as_tensor as as_tensor,
    asarray as asarray,
    empty_permuted as empty_permuted,
    tensor as tensor,
)
from engine._dtypes import (
    double as double,
    float as float,
    half as half,
    int as int,
    long as long,
    set_default_dtype as set_default_dtype,
    short as short,
)
from engine._functions import *  # type: ignore[assignment, no-redef]  # noqa: F403
from engine._functions import _assert as _assert
from engine._legacy import *  # noqa: F403
from engine._linear_algebra import *  # noqa: F403
from engine._printing import set_printoptions as set_printoptions
from engine._samples import *  # noqa: F403
from engine._settings import *  # noqa: F403
from engine._shapes import *  # type: ignore[assignment, no-redef]  # noqa: F403
from engine._storage import (
    TypedStorage as TypedStorage,
    UntypedStorage as UntypedStorage,
    is_storage as is_storage,
)
from engine._version import __version__ as __version__
from engine._view_functions import *  # noqa: F403
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
from engine.compat import finder as _finder, missing_methods as _missing_methods
from engine.compat.compiler import compile as compile
from engine.random import (
    get_rng_state as get_rng_state,
    initial_seed as initial_seed,
    seed as seed,
    set_rng_state as set_rng_state,
)
from engine.serialization import load as load, save as save

if TYPE_CHECKING:  # imported at their first use
    from engine import (
        data as data,
        distributions as distributions,
        func as func,
        linalg as linalg,
        multiprocessing as multiprocessing,
        profiler as profiler,
        recorder as recorder,
        special as special,
        testing as testing,
    )
    from engine._limits import finfo as finfo, iinfo as iinfo
    from engine.compat import (
        accelerator as accelerator,
        backends as backends,
        compiler as compiler,
        cuda as cuda,
        distributed as distributed,
        fx as fx,
        jit as jit,
        version as version,
    )
    from engine.compat.absent_devices import mps as mps, xpu as xpu
    from engine.func import vmap as vmap
    from engine.linalg import (
        lobpcg as lobpcg,
        pca_lowrank as pca_lowrank,
        svd_lowrank as svd_lowrank,
    )

_finder.install(
    [__name__]
    + [
        f"engine.{name}"
        for name in (
            "autograd",
            "nn",
            "nn.functional",
            "nn.utils",
            "optim",
            "utils",
        )
    ]
)
_missing_methods.install()
