from __future__ import annotations

import numpy as np
import pytest

import engine
from engine import linalg


def matrix(m: int, n: int, rank: int) -> engine.Tensor:
    random = np.random.default_rng(m * n)
    return engine.tensor(random.standard_normal((m, rank)) @ random.standard_normal((rank, n)))


@pytest.mark.parametrize("shape", [(20, 8), (8, 20)])
def test_svd_of_low_rank(shape: tuple[int, int]) -> None:
    a = matrix(*shape, rank=3)
    u, s, v = engine.svd_lowrank(a, q=5)
    assert (u.shape, s.shape, v.shape) == ((shape[0], 5), (5,), (shape[1], 5))
    assert engine.allclose(u * s @ v.T, a)
    assert engine.allclose(s[:3], linalg.svdvals(a)[:3])
    shifted = engine.svd_lowrank(a + 1.0, q=3, M=engine.ones(*shape, dtype=a.dtype))
    assert engine.allclose(shifted[1], s[:3])


def test_principal_components() -> None:
    a = matrix(4, 5, 3) + 7.0
    batch = engine.stack([a, a * 2])
    u, s, v = engine.pca_lowrank(batch, q=3)
    centred = batch - batch.mean(-2, keepdim=True)
    assert engine.allclose((u * s.unsqueeze(-2)) @ v.mT, centred)
    assert engine.allclose(engine.pca_lowrank(a, q=3, center=False)[1], linalg.svdvals(a)[:3])
    with pytest.raises(ValueError, match="q: expected 0 to 4, got 5"):
        engine.pca_lowrank(a, q=5)


@pytest.mark.parametrize("largest", [True, False])
def test_eigenvalues_of_large_matrices(largest: bool) -> None:
    a = matrix(30, 30, 30)
    a = a @ a.T + engine.eye(30, dtype=a.dtype)
    b = engine.diag(engine.linspace(1.0, 2.0, 30).double())
    exact = np.sort(np.linalg.eigvals(np.linalg.solve(b.numpy(), a.numpy())).real)
    expected = exact[::-1][:3] if largest else exact[:3]
    values, vectors = engine.lobpcg(a, k=3, B=b, largest=largest, n=5, tol=1e-10)
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-7)
    assert engine.allclose(a @ vectors, b @ vectors * values, atol=1e-5)
    plain, _ = engine.lobpcg(engine.stack([a, a]), k=2, largest=largest)
    near = linalg.eigvalsh(a).flip(0)[:2] if largest else linalg.eigvalsh(a)[:2]
    assert engine.allclose(plain[1], near, rtol=1e-4)


def test_gradients_of_eigenvalues() -> None:
    a = matrix(12, 12, 12)
    a = (a @ a.T).requires_grad_()
    values, vectors = engine.lobpcg(a, k=2)
    values.sum().backward()
    assert engine.allclose(a.grad, vectors @ vectors.T)
    b = engine.eye(12, dtype=a.dtype).mul(2.0).requires_grad_()
    halved, _ = engine.lobpcg(a, k=2, B=b)
    assert engine.allclose(halved, values / 2)


def test_reflections() -> None:
    a = matrix(5, 3, 3)
    packed, tau = engine.geqrf(a)
    q, r = np.linalg.qr(a.numpy(), "complete")
    np.testing.assert_allclose(packed.triu()[:3].numpy(), r[:3], rtol=1e-12)
    c = matrix(5, 2, 2)
    np.testing.assert_allclose(engine.ormqr(packed, tau, c).numpy(), q @ c.numpy())
    np.testing.assert_allclose(packed.ormqr(tau, c, transpose=True).numpy(), q.T @ c.numpy())
    np.testing.assert_allclose(engine.ormqr(packed, tau, c.T, left=False).numpy(), c.T.numpy() @ q)
    wide = matrix(2, 4, 2)
    assert [t.shape for t in engine.geqrf(wide)] == [(2, 4), (2,)]
    with pytest.raises(RuntimeError, match="do not fit other of shape"):
        engine.ormqr(packed, tau, c.T)
