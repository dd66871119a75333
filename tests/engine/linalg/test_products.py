"""Products and powers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg as scipy

import engine
from engine import linalg
from engine.testing import gradcheck, gradgradcheck

SOURCE = np.random.default_rng(5)


def matrices(*shape: int) -> engine.Tensor:
    return engine.tensor(SOURCE.normal(size=shape), dtype=engine.float64)


def test_multi_dot() -> None:
    chain = [matrices(2, 7), matrices(7, 3), matrices(3, 9), matrices(9, 1)]
    wanted = np.linalg.multi_dot([m.numpy() for m in chain])
    np.testing.assert_allclose(linalg.multi_dot(chain).numpy(), wanted)
    np.testing.assert_allclose(engine.chain_matmul(*chain).numpy(), wanted)
    ends = [matrices(2), *chain[:2], matrices(3)]
    np.testing.assert_allclose(
        linalg.multi_dot(ends).item(), np.linalg.multi_dot([m.numpy() for m in ends])
    )
    with pytest.raises(RuntimeError, match=r"linalg.multi_dot: tensors: expected at least 2"):
        linalg.multi_dot([matrices(2, 2)])
    with pytest.raises(RuntimeError, match=r"linalg.multi_dot: shapes"):
        linalg.multi_dot([matrices(2, 3), matrices(2, 3)])


def test_powers() -> None:
    a = matrices(2, 3, 3)
    for n in (-2, -1, 0, 1, 5):
        wanted = np.linalg.matrix_power(a.numpy(), n)
        np.testing.assert_allclose(linalg.matrix_power(a, n).numpy(), wanted, rtol=1e-8)


@pytest.mark.parametrize("scale", [0.0, 1e-8, 0.5, 30.0])
def test_exponential(scale: float) -> None:
    a = scale * matrices(2, 4, 4)
    np.testing.assert_allclose(
        linalg.matrix_exp(a).numpy(), scipy.expm(a.numpy()), rtol=1e-8, atol=1e-12
    )


def test_exponential_of_odd_matrices() -> None:
    a = matrices(2, 3, 3).requires_grad_()
    gradcheck(linalg.matrix_exp, [a])
    gradgradcheck(linalg.matrix_exp, [a])
    assert linalg.matrix_exp(engine.zeros(0, 2, 2)).shape == (0, 2, 2)
    assert bool(linalg.matrix_exp(engine.full((2, 2), engine.inf)).isnan().all())


def test_vectors() -> None:
    a, b = matrices(2, 3), matrices(2, 3)
    np.testing.assert_allclose(linalg.cross(a, b).numpy(), np.cross(a.numpy(), b.numpy()))
    np.testing.assert_allclose(linalg.vecdot(a, b).numpy(), (a * b).sum(-1).numpy())
    x = matrices(4)
    np.testing.assert_allclose(linalg.vander(x).numpy(), np.vander(x.numpy(), increasing=True))
    np.testing.assert_allclose(engine.vander(x, 3).numpy(), np.vander(x.numpy(), 3))
    assert linalg.diagonal(matrices(2, 3, 4), offset=1).shape == (2, 3)
    with pytest.raises(RuntimeError, match=r"linalg.cross: expected the same number of dims"):
        linalg.cross(a, b[0])


def test_householder_product() -> None:
    a = matrices(5, 3)
    (packed, tau), _ = scipy.qr(a.numpy(), mode="raw")
    given = engine.tensor(np.array(packed)), engine.tensor(np.array(tau))
    q = scipy.qr(a.numpy(), mode="economic")[0]
    np.testing.assert_allclose(linalg.householder_product(*given).numpy(), q, atol=1e-12)
    gradcheck(engine.orgqr, [t.requires_grad_() for t in given])
