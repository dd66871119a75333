"""The sampler for several processes, where PyTorch's programs import it from."""

from __future__ import annotations

from engine.data import DistributedSampler

__all__ = ["DistributedSampler"]
