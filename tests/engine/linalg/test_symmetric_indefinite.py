from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import lapack

import engine
from engine import linalg


def symmetric(n: int, seed: int = 0) -> np.ndarray:
    a = np.random.default_rng(seed).standard_normal((n, n))
    return a + a.T


@pytest.mark.parametrize("n", [1, 2, 3, 8, 20])
@pytest.mark.parametrize("seed", range(4))
def test_factors_are_lapacks(n: int, seed: int) -> None:
    a = symmetric(n, seed)
    if seed == 3:
        np.fill_diagonal(a, 0)  # pivots of size 2
        a[0, 0] = 1.0
    found = linalg.ldl_factor(engine.tensor(a))
    expected, pivots, info = lapack.dsytrf(a, lower=True)
    np.testing.assert_allclose(found.LD.numpy(), np.tril(expected), rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(found.pivots.numpy(), pivots)
    assert info == 0


def test_systems() -> None:
    a = np.stack([symmetric(6, i) for i in range(3)])
    np.einsum("bii->bi", a)[1] = 0
    b = np.random.default_rng(9).standard_normal((3, 6, 2))
    factors = linalg.ldl_factor(engine.tensor(a))
    right = engine.tensor(b, requires_grad=True)
    x = linalg.ldl_solve(*factors, right)
    np.testing.assert_allclose(x.detach().numpy(), np.linalg.solve(a, b), rtol=1e-9)
    x.sum().backward()
    np.testing.assert_allclose(right.grad.numpy(), np.linalg.solve(a, np.ones_like(b)), rtol=1e-9)
    one = linalg.ldl_solve(factors.LD[0], factors.pivots[0], engine.tensor(b))
    np.testing.assert_allclose(one.numpy(), np.linalg.solve(a[:1], b), rtol=1e-9)


def test_refusals() -> None:
    with pytest.raises(linalg.LinAlgError, match=r"ldl_factor: A: .* pivot 1 is 0"):
        linalg.ldl_factor(engine.zeros(2, 2))
    assert linalg.ldl_factor_ex(engine.eye(2)).info == 0
    with pytest.raises(RuntimeError, match="square"):
        linalg.ldl_factor(engine.ones(2, 3))
    with pytest.raises(RuntimeError, match="does not fit pivots"):
        linalg.ldl_solve(engine.eye(2), engine.tensor([1, 2]), engine.ones(3, 1))
    with pytest.raises(NotImplementedError, match="no gradient"):
        linalg.ldl_factor(engine.eye(2).requires_grad_()).LD.sum().backward()
