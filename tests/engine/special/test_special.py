"""Special functions outside the op table, and the aliases of the others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special as scipy

import engine
from engine import special
from engine.testing import gradcheck

X = np.concatenate([np.linspace(-5, 5, 41), [0.0, 1e4, np.inf, np.nan]])


@pytest.mark.parametrize("name", ["entr", "ndtr", "log_ndtr", "erfcx", "i0e", "i1e", "expit"])
def test_values(name: str) -> None:
    got = getattr(special, name)(engine.tensor(X, dtype=engine.float64)).numpy()
    np.testing.assert_allclose(got, getattr(scipy, name)(X), rtol=1e-12)


def test_tails_of_the_normal_distribution() -> None:
    x = np.array([-1e4, -300.0, -30.0, 30.0])
    given = engine.tensor(x, dtype=engine.float64)
    np.testing.assert_allclose(special.log_ndtr(given).numpy(), scipy.log_ndtr(x), rtol=1e-12)
    p = np.array([1e-300, 1e-20, 0.3, 1 - 1e-12])
    got = special.ndtri(engine.tensor(p, dtype=engine.float64)).numpy()
    np.testing.assert_allclose(got, scipy.ndtri(p), rtol=1e-12)
    ends = special.ndtri(engine.tensor([0.0, 1.0, -0.1, 1.1])).numpy()
    np.testing.assert_array_equal(ends, [-np.inf, np.inf, np.nan, np.nan])


def test_xlog1py() -> None:
    x, y = np.meshgrid([0.0, 1.5, np.nan], [-1.0, 0.3, 1e-20, np.nan])
    given = (engine.tensor(v, dtype=engine.float64) for v in (x, y))
    np.testing.assert_allclose(special.xlog1py(*given).numpy(), scipy.xlog1py(x, y))
    assert special.xlog1py(2, engine.tensor(1.0)).item() == pytest.approx(2 * np.log(2))
    a = engine.tensor([1.5, 0.7], dtype=engine.float64, requires_grad=True)
    gradcheck(special.xlog1py, [a, a.detach().clone().requires_grad_()])


def test_every_name_is_a_function() -> None:
    for name in special.__all__:
        assert callable(getattr(special, name)), name
    assert special.gammaln is engine.lgamma and special.psi is engine.digamma


def test_airy() -> None:
    x = np.concatenate([np.linspace(-60, 20, 801), [-9.0, 1.0, 100.0, 110.0, np.nan]])
    expected = scipy.airy(x)[0]
    got = special.airy_ai(engine.tensor(x)).numpy()
    scale = np.maximum(np.abs(expected), np.where(x < -1, np.maximum(-x, 1) ** -0.25, 0))
    np.testing.assert_array_less(np.abs(got - expected)[:-2], 2e-12 * scale[:-2])
    assert got[-2] == 0.0 and np.isnan(got[-1])
    infinite = engine.tensor([float("inf"), float("-inf")])
    assert special.airy_ai(infinite).tolist() == [0.0, 0.0]
    assert special.airy_ai(engine.tensor([0])).dtype == engine.float32
    with pytest.raises(NotImplementedError, match="no gradient"):
        special.airy_ai(engine.ones(1, requires_grad=True)).backward()
