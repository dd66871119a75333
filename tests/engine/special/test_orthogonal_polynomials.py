"""Orthogonal polynomials, against SciPy's in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special as scipy

import engine
from engine import special
from engine.testing import gradcheck

X = np.concatenate([np.linspace(-2, 2, 33), [-1.0, 0.0, 1.0]])
INSIDE = np.cos(np.linspace(0.1, 3.0, 20))


def _third(n: int, x: Any) -> Any:
    return np.cos((n + 0.5) * np.arccos(x)) / np.cos(np.arccos(x) / 2)


def _fourth(n: int, x: Any) -> Any:
    return np.sin((n + 0.5) * np.arccos(x)) / np.sin(np.arccos(x) / 2)


REFERENCES: dict[str, tuple[Callable[..., Any], Any]] = {
    "chebyshev_polynomial_t": (scipy.eval_chebyt, X),
    "chebyshev_polynomial_u": (scipy.eval_chebyu, X),
    "chebyshev_polynomial_v": (_third, INSIDE),
    "chebyshev_polynomial_w": (_fourth, INSIDE),
    "shifted_chebyshev_polynomial_t": (scipy.eval_sh_chebyt, X),
    "shifted_chebyshev_polynomial_u": (scipy.eval_sh_chebyu, X),
    "shifted_chebyshev_polynomial_v": (lambda n, x: _third(n, 2 * x - 1), (INSIDE + 1) / 2),
    "shifted_chebyshev_polynomial_w": (lambda n, x: _fourth(n, 2 * x - 1), (INSIDE + 1) / 2),
    "hermite_polynomial_h": (scipy.eval_hermite, X),
    "hermite_polynomial_he": (scipy.eval_hermitenorm, X),
    "laguerre_polynomial_l": (scipy.eval_laguerre, X),
    "legendre_polynomial_p": (scipy.eval_legendre, X),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_values(name: str) -> None:
    function, (reference, x) = getattr(special, name), REFERENCES[name]
    for n in (0, 1, 2, 5, 12):
        expected = reference(n, x)
        got = function(engine.tensor(x), n).numpy()
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * abs(expected).max())
    assert function(engine.tensor(x), -1).abs().max().item() == 0.0
    gradcheck(lambda t: function(t, 4), [engine.tensor(x[:6], requires_grad=True)])


def test_degrees_in_a_tensor() -> None:
    degrees = engine.arange(-1, 5)
    x = engine.tensor([[-300.0], [0.5]], dtype=engine.float64, requires_grad=True)
    got = special.legendre_polynomial_p(x, degrees)
    expected = [special.legendre_polynomial_p(x, int(n)) for n in degrees]
    assert engine.equal(got, engine.cat(expected, 1))
    got.sum().backward()
    by_degree = engine.autograd.grad(engine.cat(expected, 1).sum(), x)[0]
    assert engine.allclose(x.grad, by_degree)


def test_dtypes() -> None:
    whole = special.hermite_polynomial_h(engine.tensor([1, 2]), 2)
    assert whole.dtype == engine.float32 and whole.tolist() == [2.0, 14.0]
    degree = engine.tensor([2.9], dtype=engine.float64)
    assert special.hermite_polynomial_h(engine.ones(1), degree).dtype == engine.float64
    assert special.hermite_polynomial_h(engine.ones(1), degree).item() == 2.0
    assert special.laguerre_polynomial_l(2.0, engine.tensor([0, 1])).tolist() == [1.0, -1.0]
