"""Eigenvalues and singular values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import linalg
from engine.testing import gradcheck, gradgradcheck

SOURCE = np.random.default_rng(2)


def matrices(*shape: int) -> engine.Tensor:
    return engine.tensor(SOURCE.normal(size=shape), dtype=engine.float64)


def symmetric(a: engine.Tensor) -> engine.Tensor:
    return (a + a.mT) / 2


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (0, 3, 3), (2, 0, 0)])
def test_eigh(shape: tuple[int, ...]) -> None:
    a = symmetric(matrices(*shape))
    values, vectors = linalg.eigh(a)
    np.testing.assert_allclose(values.numpy(), np.linalg.eigvalsh(a.numpy()), atol=1e-12)
    again = (vectors * values.unsqueeze(-2)) @ vectors.mT
    np.testing.assert_allclose(again.numpy(), a.numpy(), atol=1e-12)
    np.testing.assert_allclose(linalg.eigvalsh(a).numpy(), values.numpy(), atol=1e-12)
    for triangle, name in ((a.tril(), "L"), (a.triu(), "U")):
        np.testing.assert_allclose(linalg.eigvalsh(triangle, name).numpy(), values.numpy())


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 3), (3, 5), (0, 4, 3), (2, 0, 3)])
@pytest.mark.parametrize("full", [True, False])
def test_svd(shape: tuple[int, ...], full: bool) -> None:
    a = matrices(*shape)
    u, s, vh = linalg.svd(a, full)
    k = min(shape[-2:])
    wanted = np.linalg.svd(a.numpy(), full_matrices=full)
    assert [tuple(t.shape) for t in (u, s, vh)] == [x.shape for x in wanted]
    np.testing.assert_allclose(s.numpy(), wanted[1], atol=1e-12)
    np.testing.assert_allclose(linalg.svdvals(a).numpy(), wanted[1], atol=1e-12)
    again = (u[..., :, :k] * s.unsqueeze(-2)) @ vh[..., :k, :]
    np.testing.assert_allclose(again.numpy(), a.numpy(), atol=1e-12)
    old = engine.svd(a, some=not full)
    np.testing.assert_array_equal(old.V.numpy(), vh.mT.numpy())
    assert not bool(engine.svd(a, compute_uv=False).U.any())


def up_to_signs(*tensors: engine.Tensor) -> tuple[engine.Tensor, ...]:
    return tuple(t.abs() for t in tensors)


FUNCTIONS: dict[str, tuple[Any, engine.Tensor]] = {
    "eigh": (lambda a: up_to_signs(*linalg.eigh(symmetric(a))), matrices(2, 3, 3)),
    "eigvalsh": (lambda a: linalg.eigvalsh(symmetric(a)), matrices(3, 3)),
    "tall svd": (lambda a: up_to_signs(*linalg.svd(a, False)), matrices(4, 3)),
    "wide svd": (lambda a: up_to_signs(*linalg.svd(a, False)), matrices(2, 3, 4)),
    "U alone": (lambda a: linalg.svd(a, False).U.abs(), matrices(4, 3)),
    "svdvals": (linalg.svdvals, matrices(3, 4)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name: str) -> None:
    function, a = FUNCTIONS[name]
    gradcheck(function, [a.requires_grad_()])
    gradgradcheck(function, [a])


def test_equal_eigenvalues_have_gradients_of_their_own() -> None:
    a = engine.eye(3, dtype=engine.float64).requires_grad_()
    linalg.eigvalsh(a).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), np.eye(3), atol=1e-12)
    b = engine.eye(3, dtype=engine.float64).requires_grad_()
    linalg.svdvals(b).sum().backward()
    np.testing.assert_allclose(b.grad.numpy(), np.eye(3), atol=1e-12)


def test_refusals() -> None:
    for function in (linalg.eig, linalg.eigvals):
        with pytest.raises(NotImplementedError, match="there are no complex dtypes yet"):
            function(engine.eye(2))
    with pytest.raises(RuntimeError, match=r"linalg.eigh: UPLO: expected 'L' or 'U', got 'x'"):
        linalg.eigh(engine.eye(2), "x")
    with pytest.raises(linalg.LinAlgError, match=r"linalg.svd: SVD did not converge"):
        linalg.svd(engine.full((2, 2), engine.nan))
    with pytest.raises(RuntimeError, match=r"linalg.svd: driver: expected None"):
        linalg.svd(engine.eye(2), driver="gesvd")
