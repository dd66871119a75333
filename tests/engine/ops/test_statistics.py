"""Means, deviations and norms whose squares overflow or underflow, and far from 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine

F = engine.nn.functional
FLOAT = [[1.0, 2.0, 4.0], [1.0, -1.0, 1.0], [0.0, 0.0, 3.0], [2.0, 2.0, 1.0]]
SCALES = [("float32", 1e20), ("float32", 1e37), ("float32", 1e-30), ("float64", 1e200)]
SCALES += [("float64", 1e-200), ("bfloat16", 1e30), ("float32", 1.0)]


def tolerance(dtype: str) -> dict[str, float]:
    return {"rtol": {"bfloat16": 1e-2, "float32": 1e-6, "float64": 1e-12}[dtype], "atol": 0}


@pytest.mark.parametrize("values", FLOAT)
@pytest.mark.parametrize(("dtype", "scale"), SCALES)
def test_deviations_of_any_magnitude(values: list[float], dtype: str, scale: float) -> None:
    x = (engine.tensor(values, dtype=engine.float64) * scale).to(getattr(engine, dtype))
    exact = x.double().numpy() / scale
    for correction in (0, 1):
        x.grad = None
        std, mean = engine.std_mean(x.requires_grad_(), correction=correction)
        deviation = exact.std(ddof=correction)
        np.testing.assert_allclose(std.item() / scale, deviation, **tolerance(dtype))
        np.testing.assert_allclose(mean.item() / scale, exact.mean(), **tolerance(dtype))
        std.backward()
        slope = (exact - exact.mean()) / deviation / (len(values) - correction)
        rtol = tolerance(dtype)["rtol"]
        np.testing.assert_allclose(x.grad.double().numpy(), slope, rtol=4 * rtol, atol=rtol)
    np.testing.assert_allclose(x.std().item(), x[None].std(1).item(), **tolerance(dtype))


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, 7.5, float("inf")])
@pytest.mark.parametrize(("dtype", "scale"), SCALES)
def test_norms_of_any_magnitude(p: float, dtype: str, scale: float) -> None:
    x = (engine.tensor(FLOAT, dtype=engine.float64) * scale).to(getattr(engine, dtype))
    exact = x.double().numpy() / scale
    norms = x.requires_grad_().norm(p, 1)
    wanted = np.array([np.linalg.norm(row, p) for row in exact])
    np.testing.assert_allclose(norms.double().detach().numpy() / scale, wanted, **tolerance(dtype))
    norms.sum().backward()
    small = (engine.from_numpy(exact)).requires_grad_()
    small.norm(p, 1).sum().backward()
    rtol = tolerance(dtype)["rtol"]
    np.testing.assert_allclose(
        x.grad.double().numpy(), small.grad.numpy(), rtol=4 * rtol, atol=4 * rtol
    )


@pytest.mark.parametrize("p", [0.5, 1.5, 2, 3, -1, -2])
def test_zeros_have_no_slope_in_a_norm(p: float) -> None:
    x = engine.tensor([[0.0, 2.0, 3.0], [0.0, 0.0, 0.0]], requires_grad=True)
    x.norm(p, 1).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()
    assert x.grad[0, 0] == 0 and not x.grad[1].any()


@pytest.mark.parametrize(("dtype", "large"), [("float32", 3e38), ("float64", 1.7e308)])
def test_the_mean_of_large_numbers_is_no_larger(dtype: str, large: float) -> None:
    for values in ([large] * 6, [large, -large, large, -large, large, large]):
        x = engine.tensor(values, dtype=getattr(engine, dtype))
        wanted = np.array(values, dtype=np.longdouble).mean()
        assert x.mean().item() == pytest.approx(float(wanted), rel=1e-6)
        assert x.reshape(3, 2).mean(1).mean().item() == pytest.approx(float(wanted), rel=1e-6)
    assert engine.tensor([large, float("inf")], dtype=x.dtype).mean().item() == float("inf")


@pytest.mark.parametrize("offset", [4e4, 1e7])
def test_variances_far_from_zero(offset: float) -> None:
    """The rounding of the subtracted mean must not affect the result."""
    values = (np.random.default_rng(0).integers(-2, 3, (3000, 5)) + offset).astype(np.float32)
    x = engine.from_numpy(values)
    exact = values.astype(np.float64)
    np.testing.assert_allclose(x.var(0).numpy(), exact.var(0, ddof=1), rtol=1e-6)
    np.testing.assert_allclose(x.std().numpy(), exact.std(ddof=1), rtol=1e-6)
    np.testing.assert_allclose(x.t().contiguous().var(1).numpy(), exact.var(0, ddof=1), rtol=1e-6)
    assert not engine.full((1000, 3), offset).var(0).any()


def normalized(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    wide = x.astype(np.longdouble)
    centred = wide - wide.mean(axes, keepdims=True)
    return (centred / np.sqrt((centred**2).mean(axes, keepdims=True) + eps)).astype(np.float64)


NORMS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "batch": (lambda x, eps: F.batch_norm(x, None, None, training=True, eps=eps), (0, 2, 3)),
    "batch-channels-last": (
        lambda x, eps: F.batch_norm(
            x.to(memory_format=engine.channels_last), None, None, training=True, eps=eps
        ),
        (0, 2, 3),
    ),
    "instance": (lambda x, eps: F.instance_norm(x, eps=eps), (2, 3)),
    "layer": (lambda x, eps: F.layer_norm(x, x.shape[2:], eps=eps), (2, 3)),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize(
    ("dtype", "offset", "scale", "eps"),
    [
        ("float32", 4e4, 1.0, 1e-5),
        ("float32", 1e7, 4.0, 1e-5),
        ("float32", 0.0, 1e30, 1e-5),
        ("float32", 0.0, 1e-30, 0.0),
        ("float32", 3.0, 1e20, 1e-5),
        ("float64", 0.0, 1e200, 1e-5),
    ],
)
def test_normalisation_of_any_magnitude(
    name: str, dtype: str, offset: float, scale: float, eps: float
) -> None:
    norm, axes = NORMS[name]
    values = (np.random.default_rng(1).normal(size=(3, 5, 9, 11)) * scale + offset).astype(dtype)
    x = engine.from_numpy(values).requires_grad_()
    y = norm(x, eps)
    tight = 2e-6 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(
        y.detach().double().numpy(), normalized(values, axes, eps), rtol=tight, atol=tight
    )
    g = engine.from_numpy(np.random.default_rng(2).normal(size=values.shape).astype(dtype))
    y.backward(g)
    unit = engine.from_numpy(((values - values.dtype.type(offset)).astype(np.float64)) / scale)
    norm(unit.requires_grad_(), eps / scale / scale).backward(g.double())
    assert x.grad is not None and unit.grad is not None
    np.testing.assert_allclose(
        x.grad.double().numpy() * scale, unit.grad.numpy(), rtol=1e-4, atol=10 * tight
    )


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("value", [0.0, 1e7, 1e30])
def test_normalisation_of_a_constant_is_zero(name: str, value: float) -> None:
    assert not NORMS[name][0](engine.full((2, 3, 8, 8), value), 1e-5).any()


def test_running_statistics_of_large_numbers() -> None:
    values = (np.random.default_rng(0).normal(size=(50, 2)) * 1e18).astype(np.float32)
    mean, var = engine.zeros(2), engine.zeros(2)
    F.batch_norm(engine.from_numpy(values), mean, var, training=True, momentum=1.0)
    np.testing.assert_allclose(mean.numpy(), values.astype(float).mean(0), rtol=1e-5)
    np.testing.assert_allclose(var.numpy(), values.astype(float).var(0, ddof=1), rtol=1e-5)
