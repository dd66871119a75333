"""Cholesky, LU and QR factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import linalg as scipy

import engine
from engine import linalg
from engine.testing import gradcheck, gradgradcheck

SOURCE = np.random.default_rng(0)


def matrices(*shape: int) -> engine.Tensor:
    return engine.tensor(SOURCE.normal(size=shape), dtype=engine.float64)


def symmetric(a: engine.Tensor) -> engine.Tensor:
    return (a + a.mT) / 2 + 4 * engine.eye(a.shape[-1], dtype=a.dtype)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (0, 3, 3), (2, 0, 0), (1, 1)])
def test_cholesky(shape: tuple[int, ...]) -> None:
    a = symmetric(matrices(*shape))
    factor, info = linalg.cholesky_ex(a)
    np.testing.assert_allclose((factor @ factor.mT).numpy(), a.numpy(), atol=1e-12)
    assert bool((factor.tril() == factor).all()) and info.dtype == engine.int32
    np.testing.assert_array_equal(linalg.cholesky(a, upper=True).numpy(), factor.mT.numpy())
    # Only one triangle is read.
    np.testing.assert_array_equal(linalg.cholesky(a.tril()).numpy(), factor.numpy())


def test_cholesky_of_what_is_not_positive_definite() -> None:
    a = engine.stack([engine.eye(3), engine.tensor([1.0, 1.0, -1.0]).diag()])
    factor, info = linalg.cholesky_ex(a)
    assert info.tolist() == [0, 3]
    assert bool((factor[0] == engine.eye(3)).all()) and bool(factor[1].isnan().all())
    message = r"linalg.cholesky: A: batch element \(1,\): .* its leading minor of order 3 is not"
    with pytest.raises(linalg.LinAlgError, match=message):
        linalg.cholesky(a)
    assert linalg.cholesky_ex(engine.full((2, 2), engine.nan)).info.item() == 1
    with pytest.raises(linalg.LinAlgError):
        linalg.cholesky_ex(-engine.eye(2), check_errors=True)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 3), (2, 3, 5), (0, 3, 3), (2, 0, 3)])
def test_lu(shape: tuple[int, ...]) -> None:
    a = matrices(*shape)
    p, lower, upper = linalg.lu(a)
    np.testing.assert_allclose((p @ lower @ upper).numpy(), a.numpy(), atol=1e-12)
    if a.numel() and a.dim() == 2:
        for ours, theirs in zip((p, lower, upper), scipy.lu(a.numpy()), strict=True):
            np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-12)
        packed, pivots = linalg.lu_factor(a)
        theirs, swaps = scipy.lu_factor(a.numpy())
        np.testing.assert_allclose(packed.numpy(), theirs, atol=1e-12)
        np.testing.assert_array_equal(pivots.numpy(), swaps + 1)
    unpacked = engine.lu_unpack(*linalg.lu_factor_ex(a)[:2])
    np.testing.assert_allclose(
        (unpacked.P @ unpacked.L @ unpacked.U).numpy(), a.numpy(), atol=1e-12
    )


def test_lu_without_pivots_and_of_singular_matrices() -> None:
    a = engine.tensor([[1.0, 2.0], [3.0, 4.0]])
    _, lower, upper = linalg.lu(a, pivot=False)
    assert lower.tolist() == [[1, 0], [3, 1]] and upper.tolist() == [[1, 2], [0, -2]]
    assert linalg.lu_factor_ex(engine.ones(2, 2)).info.item() == 2
    with pytest.raises(linalg.LinAlgError, match=r"linalg.lu_factor: A: .* singular: pivot 2 is 0"):
        linalg.lu_factor(engine.ones(2, 2))


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 3), (2, 3, 4), (0, 4, 3), (2, 0, 3)])
@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
def test_qr(shape: tuple[int, ...], mode: str) -> None:
    a = matrices(*shape)
    q, r = linalg.qr(a, mode)
    assert bool((r.triu() == r).all())
    if mode == "r":
        assert q.numel() == 0
        np.testing.assert_allclose((r.mT @ r).numpy(), (a.mT @ a).numpy(), atol=1e-12)
        return
    np.testing.assert_allclose((q @ r).numpy(), a.numpy(), atol=1e-12)
    identity = engine.eye(q.shape[-1], dtype=a.dtype).expand(q.mT.shape[:-1] + (q.shape[-1],))
    np.testing.assert_allclose((q.mT @ q).numpy(), identity.numpy(), atol=1e-12)


FUNCTIONS: dict[str, tuple[Any, engine.Tensor]] = {
    "cholesky": (lambda a: linalg.cholesky(symmetric(a)), matrices(2, 3, 3)),
    "upper": (lambda a: linalg.cholesky(symmetric(a), upper=True), matrices(3, 3)),
    "lu": (lambda a: linalg.lu(a)[1:], matrices(2, 3, 3)),
    "tall lu": (lambda a: linalg.lu(a)[1:], matrices(4, 3)),
    "wide lu": (lambda a: linalg.lu(a)[1:], matrices(3, 5)),
    "qr": (lambda a: linalg.qr(a), matrices(3, 3)),
    "tall qr": (lambda a: linalg.qr(a), matrices(2, 4, 3)),
    "wide qr": (lambda a: linalg.qr(a, "complete"), matrices(3, 5)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name: str) -> None:
    function, a = FUNCTIONS[name]
    gradcheck(function, [a.requires_grad_()])
    gradgradcheck(function, [a])


def test_factors_without_gradient_raise() -> None:
    a = matrices(4, 3).requires_grad_()
    with pytest.raises(RuntimeError, match="mode='r' has no gradient"):
        linalg.qr(a, "r")
    with pytest.raises(RuntimeError, match="mode='complete' has no gradient for tall"):
        linalg.qr(a, "complete").Q.sum().backward()
    with pytest.raises(RuntimeError, match=r"linalg.qr: mode: expected .* got 'x'"):
        linalg.qr(a, "x")


@pytest.mark.parametrize("name", ["inv", "det", "cholesky", "eigh", "svd", "qr", "lu", "pinv"])
def test_bad_matrices(name: str) -> None:
    function = getattr(linalg, name)
    with pytest.raises(RuntimeError, match=f"linalg.{name}: A: expected at least 2 dimensions"):
        function(engine.ones(2))
    for dtype in (engine.float16, engine.int64):
        with pytest.raises(RuntimeError, match=f"linalg.{name}: A: expected float32 or float64"):
            function(engine.eye(2).to(dtype))
    if name not in ("svd", "qr", "lu", "pinv"):
        with pytest.raises(RuntimeError, match=f"linalg.{name}: A: expected square matrices"):
            function(engine.ones(2, 3))
