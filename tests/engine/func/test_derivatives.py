"""Derivatives by transforms, against formulas; tests/parity/test_func.py compares with PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import func

X = engine.tensor([[0.5, -1.0], [2.0, 3.0]], dtype=engine.float64)


def close(got: Any, expected: Any) -> None:
    np.testing.assert_allclose(got.detach().numpy(), expected, rtol=1e-12)


def test_gradients_of_gradients() -> None:
    first = func.grad(lambda x: (x**4).sum())
    close(first(X), 4 * X.numpy() ** 3)
    close(func.grad(lambda x: first(x).sum())(X), 12 * X.numpy() ** 2)
    assert not first(X).requires_grad


def test_tensors_that_the_function_reads_get_gradients() -> None:
    w = X.clone().requires_grad_()
    found = func.grad(lambda x: (x * w**2).sum())(X)
    found.sum().backward()
    close(w.grad, 2 * X.numpy())
    with engine.no_grad():
        assert not func.grad(lambda x: (x * w).sum())(X).requires_grad


def test_an_argument_in_a_larger_graph() -> None:
    u = X.clone().requires_grad_()
    value, product = func.vjp(lambda x: x**3, u)
    product(engine.ones_like(value))[0].sum().backward()
    close(u.grad, 6 * X.numpy())


def test_products_with_the_jacobian() -> None:
    matrix = engine.tensor([[1.0, 2.0], [0.0, -1.0]], dtype=engine.float64)
    x, v = X[0], X[1]
    _, forward = func.jvp(lambda x: (matrix @ x) ** 2, (x,), (v,))
    close(forward, 2 * (matrix @ x).numpy() * (matrix @ v).numpy())
    _, backward = func.vjp(lambda x: (matrix @ x) ** 2, x)
    close(backward(v)[0], matrix.numpy().T @ (2 * (matrix @ x).numpy() * v.numpy()))
    _, along = func.linearize(lambda x: matrix @ x, x)
    close(along(v), (matrix @ v).numpy())
    close(along(x), (matrix @ x).numpy())


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_jacobians(jacobian: Any) -> None:
    close(jacobian(lambda x: x.sin())(X[0]), np.diag(np.cos(X[0].numpy())))
    found = jacobian(lambda x, y: {"sum": x + y, "less": x[:1]}, argnums=(1, 0))(X[0], X[1])
    close(found["sum"][0], np.eye(2))
    close(found["less"][1], [[1.0, 0.0]])
    close(found["less"][0], [[0.0, 0.0]])
    assert jacobian(lambda x: x)(engine.zeros(0, 2)).shape == (0, 2, 0, 2)


def test_hessian_of_a_quadratic_form() -> None:
    a = np.array([[2.0, 1.0], [1.0, 5.0]])
    matrix = engine.tensor(a)
    close(func.hessian(lambda x: x @ matrix @ x / 2)(X[0]), a)


def test_batch_normalisation_without_statistics() -> None:
    net = engine.nn.Sequential(engine.nn.BatchNorm1d(2), engine.nn.Linear(2, 1))
    assert func.replace_all_batch_norm_modules_(net) is net
    assert not net[0].track_running_stats and not list(net.buffers())
    net.eval()
    close(net[0](engine.tensor([[0.0, 0.0], [0.0, 0.0]])), np.zeros((2, 2)))
