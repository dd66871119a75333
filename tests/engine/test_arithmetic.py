"""Arithmetic that is composed in Python."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine.testing import gradcheck


def test_frexp() -> None:
    x = np.array([0.0, 1.0, -3.5, np.inf, 1e-300, 6e100])
    mantissa, exponent = engine.frexp(engine.tensor(x))
    expected = np.frexp(x)
    np.testing.assert_array_equal(mantissa.numpy(), expected[0])
    np.testing.assert_array_equal(exponent.numpy(), expected[1])
    assert engine.frexp(engine.tensor(6.0, dtype=engine.bfloat16)).mantissa.item() == 0.75
    given = engine.tensor([3.0, -5.0], dtype=engine.float64, requires_grad=True)
    engine.frexp(given).mantissa.sum().backward()
    assert given.grad.tolist() == [0.25, 0.125]
    with pytest.raises(RuntimeError, match="expected a floating dtype"):
        engine.frexp(engine.tensor([1]))


@pytest.mark.parametrize("p", [1, 2, 3.5])
def test_renorm(p: float) -> None:
    x = engine.tensor(np.random.default_rng(0).standard_normal((3, 4, 2)), requires_grad=True)
    got = engine.renorm(x, p, 1, 1.5)
    norms = np.linalg.norm(x.detach().numpy().transpose(1, 0, 2).reshape(4, -1), p, axis=1)
    scale = np.where(norms > 1.5, 1.5 / (norms + 1e-7), 1.0)
    np.testing.assert_allclose(got.detach().numpy(), x.detach().numpy() * scale[:, None])
    gradcheck(lambda x: engine.renorm(x, p, 1, 1.5), [x])
    y = x.detach().clone()
    assert y.renorm_(p, -2, 1.5) is y and engine.equal(y, got)


def test_range_includes_its_end() -> None:
    with pytest.warns(UserWarning, match="use arange"):
        assert engine.range(1, 2, 0.5).tolist() == [1.0, 1.5, 2.0]
        assert engine.range(5, 0, -2, dtype=engine.int64).tolist() == [5, 3, 1]
        with pytest.raises(RuntimeError, match="does not lead"):
            engine.range(0, 1, -1)


def test_powers_and_functions_in_place() -> None:
    assert engine.tensor([2.0, 3.0], dtype=engine.float64).float_power_(2).tolist() == [4.0, 9.0]
    with pytest.raises(RuntimeError, match="float64"):
        engine.ones(1).float_power_(2)
    x = engine.tensor([1.0, 2.0])
    assert x.map2_(x, engine.tensor(5.0), lambda a, b, c: a + b * c).tolist() == [6.0, 12.0]
    assert engine.fill(x, 7).tolist() == [7.0, 7.0] and x.tolist() == [6.0, 12.0]


def test_dimensions_of_products() -> None:
    a = np.random.default_rng(0).standard_normal((2, 3, 4))
    b = np.random.default_rng(1).standard_normal((4, 3, 5))
    for dims in (1, 0, ([1, 2], [1, 0]), ([2], [0]), [[-1], [0]]):
        got = engine.tensordot(engine.tensor(a), engine.tensor(b), dims=dims).numpy()
        np.testing.assert_allclose(got, np.tensordot(a, b, dims))
    lists = engine.tensor([[1, 2], [1, 0]])
    assert engine.tensordot(engine.tensor(a), engine.tensor(b), lists).shape == (2, 5)
    with pytest.raises(RuntimeError, match="a number or two lists"):
        engine.tensordot(engine.ones(2), engine.ones(2), dims=[0])
