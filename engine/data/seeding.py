"""Random seeds of batches.

Note [The same batches for any number of workers]: every batch is loaded under seeds that depend
only on the epoch's seed and the number of the batch, whatever process loads it. Without workers
the main process's generators are restored afterwards, so that the random numbers of dataset and
program do not depend on each other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine import _C
from engine._lazy import numpy as np

# The golden ratio in 64 bits: multiples of it are far apart.
_STRIDE = 0x9E3779B97F4A7C15


def draw_seed(generator: Any = None) -> int:
    """A seed from the engine's generator."""
    return int(_C.randint(0, 2**63 - 1, (1,), generator=generator).item())


def seed_batch(epoch_seed: int, batch: int) -> None:
    """Seed engine, random and numpy.random for the batch."""
    seed = (epoch_seed + batch * _STRIDE) % 2**63
    _C.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


@contextmanager
def batch_seeds(epoch_seed: int, batch: int) -> Iterator[None]:
    """Seeds the generators for the batch inside the block, and restores their states after it."""
    states = _C.default_generator.get_state(), random.getstate(), np.random.get_state()
    try:
        seed_batch(epoch_seed, batch)
        yield
    finally:
        _C.default_generator.set_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])
