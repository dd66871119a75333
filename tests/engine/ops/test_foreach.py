"""Many tensors in one call."""

from __future__ import annotations

import math

import numpy as np

import engine
from engine import _C


def random(*shape: int, seed: int = 0) -> engine.Tensor:
    return engine.from_numpy(np.random.default_rng(seed).normal(size=shape))


def test_the_norm_of_many_tensors() -> None:
    tensors = [random(3, 4), random(5000), random(2, 2).t()]
    joined = np.concatenate([t.numpy().reshape(-1) for t in tensors])
    np.testing.assert_allclose(_C._foreach_norm(tensors).item(), np.linalg.norm(joined))
    np.testing.assert_allclose(_C._foreach_norm(tensors, 1.0).item(), abs(joined).sum())
    np.testing.assert_allclose(_C._foreach_norm(tensors, math.inf).item(), abs(joined).max())


def test_scaling_many_tensors() -> None:
    tensors = [engine.ones(2), engine.ones(3)]
    _C._foreach_mul_(tensors, engine.tensor(0.5))
    assert [t.tolist() for t in tensors] == [[0.5] * 2, [0.5] * 3]
