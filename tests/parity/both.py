"""Runs a piece of a program on the engine and on PyTorch, and compares what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import engine

Case = Callable[..., Any]


def _arrays(value: Any) -> Any:
    """Nested results with arrays for tensors, tuples for lists and named tuples."""
    if isinstance(value, Mapping):
        return {key: _arrays(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_arrays(item) for item in value)
    return value.detach().numpy() if hasattr(value, "detach") else value


def _compare(ours: Any, theirs: Any, path: str, rtol: float, atol: float) -> None:
    assert type(ours) is type(theirs), path
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), path
        pairs = [(ours[key], theirs[key], f"{path}[{key!r}]") for key in ours]
    elif isinstance(ours, tuple):
        assert len(ours) == len(theirs), path
        pairs = [(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(ours, theirs, strict=True))]
    elif isinstance(ours, np.ndarray):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, path
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=path)
        return
    else:
        assert ours == theirs, path
        return
    for a, b, below in pairs:
        _compare(a, b, below, rtol, atol)


def agree(case: Case, *arrays: Any, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    """Asserts that ``case(torch, *tensors)`` gives the same on both, in float64 by default.

    ``case`` gets the framework and a tensor over a copy of each array.
    """
    torch = pytest.importorskip("torch", reason="PyTorch is here in `make parity` only")
    results = []
    for framework in (engine, torch):
        tensors = [framework.from_numpy(np.array(a)) for a in arrays]
        results.append(_arrays(case(framework, *tensors)))
    _compare(*results, "result", rtol, atol)
