"""engine.data under PyTorch's name for it, with the modules that its programs import."""

from __future__ import annotations

from engine.data import *  # noqa: F403
from engine.data import __all__ as __all__
from engine.utils.data import (
    dataloader as dataloader,
    dataset as dataset,
    distributed as distributed,
    sampler as sampler,
)
