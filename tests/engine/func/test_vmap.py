"""Functions over slices; tests/parity/test_func.py compares with PyTorch."""

from __future__ import annotations

import pytest

import engine
from engine import func, vmap

X = engine.arange(6.0).reshape(2, 3)


def test_slices_along_any_dimension() -> None:
    assert vmap(lambda row: row.sum())(X).tolist() == [3.0, 12.0]
    assert vmap(lambda column: column.sum(), in_dims=1)(X).tolist() == [3.0, 5.0, 7.0]
    assert engine.equal(vmap(lambda row: row * 2, out_dims=1)(X), 2 * X.T)
    assert vmap(lambda row, whole: row @ whole, in_dims=(0, None))(X, X.T).shape == (2, 2)


def test_structures() -> None:
    got = vmap(lambda d: (d["a"] + d["b"], [d["a"]]), in_dims=({"a": 0, "b": None},))(
        {"a": X, "b": X[1]}
    )
    assert engine.equal(got[0], X + X[1]) and engine.equal(got[1][0], X)


def test_gradients_per_sample() -> None:
    w = engine.tensor([1.0, -1.0, 2.0])
    got = vmap(func.grad(lambda w, x: (w @ x) ** 2), in_dims=(None, 0))(w, X)
    assert engine.allclose(got, 2 * (X @ w).unsqueeze(1) * X)


def test_random_numbers() -> None:
    def draw(x: engine.Tensor) -> engine.Tensor:
        return x + engine.rand(3)

    with pytest.raises(RuntimeError, match="draws random numbers"):
        vmap(draw)(X)
    same = vmap(draw, randomness="same")(engine.zeros(3, 3))
    assert engine.equal(same[0], same[2])
    assert not engine.equal(*vmap(draw, randomness="different")(engine.zeros(2, 3)))


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"one size .* got sizes \[2, 3\]"):
        vmap(engine.add)(X, X.T)
    with pytest.raises(ValueError, match="size 0"):
        vmap(engine.neg)(engine.zeros(0, 2))
    with pytest.raises(ValueError, match="in_dims must be None"):
        vmap(engine.add)(X, 1.0)
    with pytest.raises(ValueError, match="a result of tensors, got float"):
        vmap(lambda x: x.sum().item())(X)
