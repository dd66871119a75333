"""Histograms and finite differences, against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine.testing import gradcheck

X = np.random.default_rng(0).standard_normal((4, 5))


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient(edge_order: int) -> None:
    places = np.array([0.0, 0.5, 2.0, 2.25, 4.0])
    given = [0.5, engine.tensor(places)]
    got = engine.gradient(engine.tensor(X), spacing=given, edge_order=edge_order)
    expected = np.gradient(X, 0.5, places, edge_order=edge_order)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-12)
    (last,) = engine.gradient(engine.tensor(X), dim=-1, spacing=2, edge_order=edge_order)
    np.testing.assert_allclose(last.numpy(), np.gradient(X, 2, axis=1, edge_order=edge_order))
    x = engine.tensor(X, requires_grad=True)
    gradcheck(lambda x: engine.gradient(x, edge_order=edge_order)[0], [x])


def test_refused_gradients() -> None:
    x = engine.ones(2, 3)
    with pytest.raises(RuntimeError, match="names a dimension twice"):
        engine.gradient(x, dim=(1, -1))
    with pytest.raises(RuntimeError, match="more than 2 elements along dimension 0, got 2"):
        engine.gradient(x, edge_order=2)
    with pytest.raises(IndexError, match="no dimension 2"):
        engine.gradient(x, dim=2)
    with pytest.raises(RuntimeError, match="expected 3 coordinates for dimension 1"):
        engine.gradient(x, dim=1, spacing=[engine.ones(2)])


@pytest.mark.parametrize("density", [False, True])
def test_histogram(density: bool) -> None:
    weights = np.abs(X)
    x, w = engine.tensor(X), engine.tensor(weights)
    for bins in (7, np.array([-3.0, -0.5, 0.0, 4.0])):
        given = bins if isinstance(bins, int) else engine.tensor(bins)
        hist, edges = engine.histogram(x, given, weight=w, density=density)
        expected = np.histogram(X, bins, weights=weights, density=density)
        np.testing.assert_allclose(hist.numpy(), expected[0])
        np.testing.assert_allclose(edges.numpy(), expected[1])
    points = engine.tensor(X[:, :2])
    hist, found = engine.histogramdd(points, [2, 3], range=[-1.0, 1, -2, 2], density=density)
    expected_dd = np.histogramdd(X[:, :2], (2, 3), [(-1, 1), (-2, 2)], density=density)
    np.testing.assert_allclose(hist.numpy(), expected_dd[0])
    np.testing.assert_allclose(found[1].numpy(), expected_dd[1][1])


def test_histograms_of_nothing_and_of_one_value() -> None:
    assert engine.histogram(engine.zeros(0), 2).bin_edges.tolist() == [0.0, 0.5, 1.0]
    assert engine.histogram(engine.ones(3), 2).hist.tolist() == [0.0, 3.0]
    for bad in (0, engine.tensor([1.0, 0.0])):
        with pytest.raises(RuntimeError, match="histogram: bins"):
            engine.histogram(engine.ones(2), bad)
    with pytest.raises(RuntimeError, match="not finite"):
        engine.histogram(engine.tensor([1.0, float("nan")]), 2)
