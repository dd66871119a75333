"""Window functions, against SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.signal import windows as scipy

import engine
from engine.signal import windows

OPTIONS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "general_cosine": ({"a": [0.4, 0.3, 0.3]}, ([0.4, 0.3, 0.3],)),
    "general_hamming": ({"alpha": 0.6}, (0.6,)),
    "gaussian": ({"std": 1.5}, (1.5,)),
    "kaiser": ({"beta": 5.0}, (5.0,)),
    "exponential": ({"tau": 2.0}, (None, 2.0)),
}


@pytest.mark.parametrize("name", windows.__all__)
def test_windows(name: str) -> None:
    ours, theirs = OPTIONS.get(name, ({}, ()))
    for length in (1, 2, 7, 12):
        for sym in (True, False):
            got = getattr(windows, name)(length, sym=sym, dtype=engine.float64, **ours)
            expected = getattr(scipy, name)(length, *theirs, sym=sym)
            np.testing.assert_allclose(got.numpy(), expected, atol=1e-12)
    assert getattr(windows, name)(0, **ours).shape == (0,)
    assert getattr(windows, name)(3, requires_grad=True, **ours).requires_grad


def test_refused_windows() -> None:
    with pytest.raises(ValueError, match="M: expected 0 or more"):
        windows.hann(-1)
    with pytest.raises(ValueError, match="a floating dtype"):
        windows.cosine(3, dtype=engine.int64)
    with pytest.raises(ValueError, match="std: expected more than 0"):
        windows.gaussian(3, std=0.0)
    with pytest.raises(ValueError, match="center: must be None"):
        windows.exponential(3, center=1.0)


def test_the_older_name() -> None:
    got = engine.kaiser_window(6, beta=3.0, dtype=engine.float64)
    np.testing.assert_allclose(got.numpy(), scipy.kaiser(6, 3.0, sym=False), rtol=1e-12)
