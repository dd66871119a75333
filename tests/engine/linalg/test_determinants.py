"""Determinants, also of singular matrices."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine import linalg
from engine.testing import gradcheck, gradgradcheck

SOURCE = np.random.default_rng(4)


def matrices(*shape: int) -> engine.Tensor:
    return engine.tensor(SOURCE.normal(size=shape), dtype=engine.float64)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (0, 3, 3), (2, 0, 0)])
def test_values(shape: tuple[int, ...]) -> None:
    a = matrices(*shape)
    np.testing.assert_allclose(linalg.det(a).numpy(), np.linalg.det(a.numpy()))
    sign, log = np.linalg.slogdet(a.numpy())
    np.testing.assert_allclose(linalg.slogdet(a).sign.numpy(), sign)
    np.testing.assert_allclose(a.slogdet().logabsdet.numpy(), log)
    np.testing.assert_allclose(engine.logdet(a).numpy(), np.where(sign < 0, np.nan, log))


def test_gradients() -> None:
    a = matrices(2, 3, 3).requires_grad_()
    for function in (linalg.det, lambda t: linalg.slogdet(t).logabsdet):
        gradcheck(function, [a])
        gradgradcheck(function, [a])


@pytest.mark.parametrize(
    "a", [[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0, 0], [0, 1, 2], [0, 3, 1]], [[0.0, 0], [0, 0]]]
)
def test_gradient_at_singular_matrices(a: list[list[float]]) -> None:
    """The cofactors."""
    given = engine.tensor([a, np.eye(len(a)).tolist()], dtype=engine.float64, requires_grad=True)
    linalg.det(given).sum().backward()
    matrix = np.array(a)
    cofactors = [
        [
            (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(matrix, i, 0), j, 1))
            for j in range(len(a))
        ]
        for i in range(len(a))
    ]
    np.testing.assert_allclose(given.grad[0].numpy(), cofactors, atol=1e-12)
    np.testing.assert_allclose(given.grad[1].numpy(), np.eye(len(a)), atol=1e-12)
    value = linalg.det(given).sum()
    (first,) = engine.autograd.grad(value, given, create_graph=True)
    with pytest.raises(
        RuntimeError, match="second gradient at a singular matrix is not implemented yet"
    ):
        first.square().sum().backward()
