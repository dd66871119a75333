"""Inverses, systems, least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import linalg
from engine.testing import gradcheck, gradgradcheck

SOURCE = np.random.default_rng(1)


def matrices(*shape: int) -> engine.Tensor:
    return engine.tensor(SOURCE.normal(size=shape), dtype=engine.float64)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (0, 3, 3), (2, 0, 0)])
def test_inverse(shape: tuple[int, ...]) -> None:
    a = matrices(*shape)
    inverse, info = linalg.inv_ex(a)
    np.testing.assert_allclose(inverse.numpy(), np.linalg.inv(a.numpy()), atol=1e-10)
    assert info.shape == shape[:-2] and not bool(info.any())
    assert a.inverse().dtype == a.dtype and linalg.inv(a.float()).dtype == engine.float32


def test_singular_matrices() -> None:
    batch = engine.stack([engine.eye(2), engine.ones(2, 2)])
    assert issubclass(linalg.LinAlgError, RuntimeError)
    message = r"linalg.inv: A: batch element \(1,\): the matrix is singular: pivot 2 is 0"
    with pytest.raises(linalg.LinAlgError, match=message):
        linalg.inv(batch)
    with pytest.raises(linalg.LinAlgError, match=r"linalg.solve: A: the matrix is singular"):
        linalg.solve(engine.zeros(2, 2), engine.ones(2))
    inverse, info = linalg.inv_ex(batch)
    assert info.tolist() == [0, 2]
    assert inverse[0].tolist() == [[1, 0], [0, 1]] and bool(inverse[1].isnan().all())
    solution, info = linalg.solve_ex(batch, engine.ones(2, 2))
    assert info.tolist() == [0, 2] and solution[0].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("a_shape", "b_shape"),
    [
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((3, 3), (4, 3, 2)),
        ((2, 3, 3), (2, 3)),
        ((2, 3, 3), (3, 2)),
        ((4, 1, 3, 3), (2, 3, 2)),
        ((0, 3, 3), (3, 2)),
    ],
)
def test_solve(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> None:
    a, b = matrices(*a_shape), matrices(*b_shape)
    x = linalg.solve(a, b)
    if b.dim() == 1 or b_shape == a_shape[:-1]:
        got = (a @ x.unsqueeze(-1)).squeeze(-1)
    else:
        got = a @ x
        if b.mT.shape == a_shape[:-1]:
            b = b.expand(got.shape)  # otherwise its transpose is read as vectors
        right = linalg.solve(a, b.mT, left=False)
        np.testing.assert_allclose((right @ a).numpy(), b.mT.expand(right.shape).numpy(), atol=1e-9)
    np.testing.assert_allclose(got.numpy(), b.expand(got.shape).numpy(), atol=1e-9)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("left", [True, False])
def test_solve_triangular(upper: bool, unit: bool, left: bool) -> None:
    a, b = matrices(2, 3, 3), matrices(3, 2)
    if not left:
        b = b.mT
    triangle = a.triu() if upper else a.tril()
    if unit:
        triangle = triangle - triangle.diagonal(dim1=-2, dim2=-1).diag_embed()
        triangle = triangle + engine.eye(3, dtype=a.dtype)
    x = linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unit)
    got = triangle @ x if left else x @ triangle
    np.testing.assert_allclose(got.numpy(), b.expand(got.shape).numpy(), atol=1e-9)


def test_solve_triangular_with_zeros_on_the_diagonal() -> None:
    x = linalg.solve_triangular(engine.zeros(1, 1), engine.ones(1, 1), upper=True)
    assert x.item() == float("inf")


def test_systems_that_are_factored_already() -> None:
    a, b = matrices(2, 3, 3), matrices(2, 3, 2)
    factors = linalg.lu_factor(a)
    np.testing.assert_allclose((a @ linalg.lu_solve(*factors, b)).numpy(), b.numpy(), atol=1e-9)
    x = linalg.lu_solve(*factors, b, adjoint=True)
    np.testing.assert_allclose((a.mT @ x).numpy(), b.numpy(), atol=1e-9)
    x = linalg.lu_solve(*factors, b.mT, left=False)
    np.testing.assert_allclose((x @ a).numpy(), b.mT.numpy(), atol=1e-9)
    positive = a @ a.mT
    lower = linalg.cholesky(positive)
    for factor, is_upper in ((lower, False), (lower.mT, True)):
        x = b.cholesky_solve(factor, is_upper)
        np.testing.assert_allclose((positive @ x).numpy(), b.numpy(), atol=1e-8)
        inverse = factor.cholesky_inverse(is_upper)
        np.testing.assert_allclose(inverse.numpy(), np.linalg.inv(positive.numpy()), rtol=1e-6)


def test_pseudoinverse() -> None:
    for shape in [(3, 4), (2, 4, 3), (0, 3, 2), (2, 0, 3)]:
        a = matrices(*shape)
        np.testing.assert_allclose(linalg.pinv(a).numpy(), np.linalg.pinv(a.numpy()), atol=1e-10)
    a = engine.tensor([[2.0, 0.0], [0.0, 0.1]])
    assert linalg.pinv(a, rtol=0.1).tolist() == [[0.5, 0], [0, 0]]
    assert linalg.pinv(a, atol=0.2).tolist() == [[0.5, 0], [0, 0]]
    np.testing.assert_allclose(linalg.pinv(a, hermitian=True).numpy(), [[0.5, 0], [0, 10]])


@pytest.mark.parametrize("driver", [None, "gels", "gelsy", "gelsd", "gelss"])
def test_least_squares(driver: str | None) -> None:
    a, b = matrices(5, 3), matrices(5, 2)
    x, residuals, rank, values = linalg.lstsq(a, b, driver=driver)
    wanted, squares, n, s = np.linalg.lstsq(a.numpy(), b.numpy(), rcond=None)
    np.testing.assert_allclose(x.numpy(), wanted, atol=1e-12)
    if driver in ("gels", "gelsd", "gelss"):
        np.testing.assert_allclose(residuals.numpy(), squares)
    if driver != "gels":
        assert rank.item() == n
    if driver in ("gelsd", "gelss"):
        np.testing.assert_allclose(values.numpy(), s)
    assert linalg.lstsq(matrices(2, 3, 4), matrices(2, 3)).solution.shape == (2, 4)
    with pytest.raises(RuntimeError, match=r"linalg.lstsq: driver: expected one of"):
        linalg.lstsq(a, b, driver="x")


def test_tensors_as_matrices() -> None:
    a, b = matrices(2, 3, 6), matrices(2, 3)
    np.testing.assert_allclose(
        linalg.tensorsolve(a, b).numpy(), np.linalg.tensorsolve(a.numpy(), b.numpy())
    )
    c = matrices(6, 2, 3)
    np.testing.assert_allclose(linalg.tensorinv(c, 1).numpy(), np.linalg.tensorinv(c.numpy(), 1))
    with pytest.raises(RuntimeError, match=r"linalg.tensorinv: A: dimensions"):
        linalg.tensorinv(c, 2)


FUNCTIONS: dict[str, tuple[Any, list[engine.Tensor]]] = {
    "inv": (linalg.inv, [matrices(2, 3, 3)]),
    "solve": (linalg.solve, [matrices(2, 3, 3), matrices(3, 2)]),
    "vectors": (linalg.solve, [matrices(2, 3, 3), matrices(2, 3)]),
    "upper": (
        lambda a, b: linalg.solve_triangular(a, b, upper=True),
        [matrices(2, 3, 3), matrices(3, 2)],
    ),
    "unit": (
        lambda a, b: linalg.solve_triangular(a, b, upper=False, left=False, unitriangular=True),
        [matrices(3, 3), matrices(2, 2, 3)],
    ),
    "lu_solve": (
        lambda a, b: linalg.lu_solve(*linalg.lu_factor(a), b),
        [matrices(3, 3), matrices(3, 2)],
    ),
    "pinv": (linalg.pinv, [matrices(3, 4)]),
    "lstsq": (lambda a, b: linalg.lstsq(a, b).solution, [matrices(4, 3), matrices(4, 2)]),
    "residuals": (
        lambda a, b: linalg.lstsq(a, b, driver="gels").residuals,
        [matrices(4, 3), matrices(4, 2)],
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name: str) -> None:
    function, given = FUNCTIONS[name]
    gradcheck(function, [t.requires_grad_() for t in given])
    gradgradcheck(function, given)


def test_shapes_that_do_not_fit() -> None:
    for call in (
        lambda: linalg.solve(engine.eye(3), engine.ones(2)),
        lambda: linalg.solve_triangular(engine.eye(3), engine.ones(2, 1), upper=True),
        lambda: linalg.lstsq(engine.ones(3, 2), engine.ones(2, 1)),
    ):
        with pytest.raises(
            RuntimeError, match=r"linalg\.\w+: A of shape .* does not fit B of shape"
        ):
            call()
    with pytest.raises(RuntimeError, match=r"linalg.solve: expected one dtype"):
        linalg.solve(engine.eye(2), engine.ones(2, dtype=engine.float64))
