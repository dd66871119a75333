from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.autograd import functional

X = engine.tensor([0.5, -1.0, 2.0], dtype=engine.float64)
A = engine.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]], dtype=engine.float64)


def cubic(x: Any) -> Any:
    return (A @ x) ** 3


def quartic(x: Any) -> Any:
    return ((A @ x) ** 4).sum()


def jacobian_of_cubic() -> np.ndarray:
    a, x = A.numpy(), X.numpy()
    return 3 * (a @ x)[:, None] ** 2 * a


def hessian_of_quartic() -> np.ndarray:
    a, x = A.numpy(), X.numpy()
    return a.T @ np.diag(12 * (a @ x) ** 2) @ a


def test_jacobian_and_its_products() -> None:
    expected = jacobian_of_cubic()
    np.testing.assert_allclose(functional.jacobian(cubic, X).numpy(), expected)
    v, w = engine.tensor([1.0, 2.0]).double(), engine.tensor([1.0, 0.5, -1.0]).double()
    np.testing.assert_allclose(functional.vjp(cubic, X, v)[1].numpy(), v.numpy() @ expected)
    np.testing.assert_allclose(functional.jvp(cubic, X, w)[1].numpy(), expected @ w.numpy())


def test_hessian_and_its_products() -> None:
    expected = hessian_of_quartic()
    np.testing.assert_allclose(functional.hessian(quartic, X).numpy(), expected)
    v = engine.tensor([1.0, 0.5, -1.0]).double()
    for product in (functional.vhp, functional.hvp):
        value, found = product(quartic, X, v)
        np.testing.assert_allclose(found.numpy(), expected @ v.numpy())
        assert value.item() == pytest.approx(quartic(X).item())


def test_several_inputs_and_outputs_nest() -> None:
    y = engine.tensor([3.0]).double()
    rows = functional.jacobian(lambda a, b: (a * b, b.sum()), (X, y))
    assert [[tuple(g.shape) for g in row] for row in rows] == [[(3, 3), (3, 1)], [(3,), (1,)]]
    np.testing.assert_allclose(rows[0][0].numpy(), 3 * np.eye(3))
    assert rows[1][0].tolist() == [0, 0, 0]
    blocks = functional.hessian(lambda a, b: (a * b).sum(), (X, y))
    assert blocks[0][1].tolist() == [[1], [1], [1]] and blocks[0][0].abs().sum() == 0


def test_create_graph_and_strict() -> None:
    x = X.clone().requires_grad_()
    functional.jacobian(cubic, x, create_graph=True).sum().backward()
    a = A.numpy()
    expected = (6 * (a @ X.numpy()) * a.sum(1)) @ a
    np.testing.assert_allclose(x.grad.numpy(), expected)
    assert not functional.jacobian(cubic, x).requires_grad
    with pytest.raises(RuntimeError, match="jacobian: strict: the result does not depend"):
        functional.jacobian(lambda x: engine.ones(2, requires_grad=True) * 1, X, strict=True)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(RuntimeError, match="vjp: argument 'v': must be given"):
        functional.vjp(cubic, X)
    with pytest.raises(RuntimeError, match=r"jvp: argument 'v': expected shapes \[\(3,\)\]"):
        functional.jvp(cubic, X, engine.ones(2))
    with pytest.raises(RuntimeError, match="hessian: func: expected a result of one element"):
        functional.hessian(cubic, X)
    with pytest.raises(TypeError, match="vjp: argument 'inputs'"):
        functional.vjp(cubic, 3.0)
    with pytest.raises(NotImplementedError, match="forward-mode"):
        functional.jacobian(cubic, X, strategy="forward-mode")
