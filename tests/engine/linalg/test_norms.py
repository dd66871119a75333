"""Norms, condition numbers and ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import linalg
from engine.testing import gradcheck, gradgradcheck

INF = float("inf")
SOURCE = np.random.default_rng(3)
ORDERS = ["fro", "nuc", 2, -2, 1, -1, INF, -INF]


def matrices(*shape: int) -> engine.Tensor:
    return engine.tensor(SOURCE.normal(size=shape), dtype=engine.float64)


@pytest.mark.parametrize("order", ORDERS)
def test_matrix_norm(order: Any) -> None:
    a = matrices(2, 3, 4)
    for keepdim in (False, True):
        wanted = np.linalg.norm(a.numpy(), order, (1, 2), keepdim)
        np.testing.assert_allclose(linalg.matrix_norm(a, order, keepdim=keepdim).numpy(), wanted)
        np.testing.assert_allclose(
            linalg.norm(a, order, dim=(1, 2), keepdim=keepdim).numpy(), wanted
        )
    wanted = np.linalg.norm(a.numpy(), order, (2, 0))
    np.testing.assert_allclose(linalg.matrix_norm(a, order, dim=(2, 0)).numpy(), wanted)
    if order not in (-1, -2, -INF):
        assert linalg.matrix_norm(engine.zeros(2, 0, 0), order).tolist() == [0, 0]
    gradcheck(lambda t: linalg.matrix_norm(t, order), [a[0].clone().requires_grad_()])


@pytest.mark.parametrize("order", [2, 0, 1, 3.5, -1, INF, -INF])
def test_vector_norm(order: float) -> None:
    a = matrices(3, 4)
    np.testing.assert_allclose(
        linalg.vector_norm(a, order).item(), np.linalg.norm(a.numpy().ravel(), order)
    )
    wanted = np.linalg.norm(a.numpy(), order, 1, True)
    np.testing.assert_allclose(linalg.vector_norm(a, order, 1, True).numpy(), wanted)
    np.testing.assert_allclose(linalg.norm(a, order, dim=1, keepdim=True).numpy(), wanted)
    if order < 0:
        with pytest.raises(RuntimeError, match=r"vector_norm: x: .* of no elements does not exist"):
            linalg.vector_norm(engine.zeros(0), order)


def test_norm_without_order() -> None:
    a = matrices(2, 3, 4)
    assert linalg.norm(a).item() == pytest.approx(np.sqrt((a.numpy() ** 2).sum()))
    assert linalg.norm(engine.ones(2), dtype=engine.float64).dtype == engine.float64
    with pytest.raises(RuntimeError, match=r"linalg.norm: A: expected a vector or a matrix"):
        linalg.norm(a, 2)
    with pytest.raises(RuntimeError, match=r"linalg.norm: ord: expected a number for vectors"):
        linalg.norm(a, "fro", dim=1)
    with pytest.raises(RuntimeError, match=r"linalg.matrix_norm: ord: expected 'fro'"):
        linalg.matrix_norm(a, 3)


@pytest.mark.parametrize("order", [None, *ORDERS])
def test_condition_number(order: Any) -> None:
    a = matrices(2, 3, 3)
    np.testing.assert_allclose(linalg.cond(a, order).numpy(), np.linalg.cond(a.numpy(), order))
    gradcheck(lambda t: linalg.cond(t, order), [a[0].clone().requires_grad_()])
    assert linalg.cond(engine.zeros(2, 0, 0), order).tolist() == [0, 0]
    if order not in (None, 2, -2):
        assert linalg.cond(engine.ones(2, 2), order).item() == INF


def test_second_gradients() -> None:
    for order in ("fro", "nuc", 2):
        gradgradcheck(
            lambda t, order=order: linalg.matrix_norm(t, order), [matrices(3, 4).requires_grad_()]
        )


def test_rank() -> None:
    a = np.diag([2.0, 1.0, 1e-3])
    assert linalg.matrix_rank(engine.tensor(a)).item() == 3
    assert linalg.matrix_rank(engine.tensor(a), tol=0.1).item() == 2
    assert linalg.matrix_rank(engine.tensor(a), rtol=0.6, hermitian=True).item() == 1
    assert linalg.matrix_rank(engine.zeros(2, 3, 4)).tolist() == [0, 0]
    assert linalg.matrix_rank(engine.zeros(2, 0, 4)).tolist() == [0, 0]
