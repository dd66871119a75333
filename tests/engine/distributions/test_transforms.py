"""Transforms: inverses, Jacobians against differentiation, caches, compositions."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import engine
from engine import distributions as D
from engine.distributions import constraints

F64 = engine.float64
SOURCE = np.random.default_rng(0)


def real(*shape: int) -> engine.Tensor:
    return engine.tensor(SOURCE.normal(size=shape), dtype=F64)


BIJECTIONS: dict[str, tuple[D.Transform, engine.Tensor]] = {
    "exp": (D.ExpTransform(), real(4)),
    "power": (D.PowerTransform(engine.tensor(-1.5, dtype=F64)), real(4).exp()),
    "sigmoid": (D.SigmoidTransform(), real(4)),
    "softplus": (D.SoftplusTransform(), real(4)),
    "tanh": (D.TanhTransform(), real(4)),
    "affine": (D.AffineTransform(real(4), real(4)), real(4)),
    "affine number": (D.AffineTransform(1.0, -2.0), real(4)),
    "distribution function": (
        D.CumulativeDistributionTransform(D.Normal(engine.zeros(4, dtype=F64), 1.5)),
        real(4),
    ),
    "composed": (D.ComposeTransform([D.AffineTransform(1.0, 2.0), D.TanhTransform()]), real(4)),
    "inverse": (D.SigmoidTransform().inv, engine.sigmoid(real(4))),
    "independent": (D.IndependentTransform(D.ExpTransform(), 1), real(4)),
    "stick": (D.StickBreakingTransform(), real(4)),
    "correlation": (D.CorrCholeskyTransform(), real(6)),
    "reshape": (D.ReshapeTransform((4,), (2, 2)), real(4)),
    "cat": (
        D.CatTransform([D.ExpTransform(), D.identity_transform], dim=0, lengths=[1, 3]),
        real(4),
    ),
    "stack": (D.StackTransform([D.ExpTransform(), D.TanhTransform()], dim=-1), real(2)),
}


def free_elements(name: str, y: engine.Tensor) -> engine.Tensor:
    """The elements of an output that determine the others."""
    if name == "stick":
        return y[..., :-1]
    if name == "correlation":
        return D.utils.tril_matrix_to_vec(y, -1)
    return y.flatten()


@pytest.mark.parametrize("name", BIJECTIONS)
def test_bijections(name: str) -> None:
    transform, x = BIJECTIONS[name]
    y = transform(x)
    assert transform.bijective and transform.inv.inv is transform
    assert y.shape == tuple(transform.forward_shape(x.shape))
    assert x.shape == tuple(transform.inverse_shape(y.shape))
    assert bool(transform.domain.check(x).all()) and bool(transform.codomain.check(y).all())
    np.testing.assert_allclose(transform.inv(y).numpy(), x.numpy(), atol=1e-9)
    log_det = transform.log_abs_det_jacobian(x, y)
    np.testing.assert_allclose(
        transform.inv.log_abs_det_jacobian(y, x).numpy(), -log_det.numpy(), atol=1e-9
    )
    given = x.clone().requires_grad_()
    outputs = free_elements(name, transform(given))
    rows = [
        engine.autograd.grad(out, given, retain_graph=True, materialize_grads=True)[0].flatten()
        for out in outputs
    ]
    wanted = engine.linalg.slogdet(engine.stack(rows)).logabsdet.item()
    assert log_det.sum().item() == pytest.approx(wanted, abs=1e-9)


def test_maps_that_are_not_bijective() -> None:
    x = real(3, 3)
    for transform in (
        D.SoftmaxTransform(),
        D.LowerCholeskyTransform(),
        D.PositiveDefiniteTransform(),
    ):
        y = transform(x)
        assert bool(transform.codomain.check(y).all()) and not transform.bijective
        np.testing.assert_allclose(transform(transform.inv(y)).numpy(), y.numpy(), atol=1e-9)
        with pytest.raises(NotImplementedError, match="log_abs_det_jacobian is not available"):
            transform.log_abs_det_jacobian(x, y)
    assert D.AbsTransform()(engine.tensor([-2.0])).tolist() == [2]


def test_signs_and_equality() -> None:
    assert D.AffineTransform(0.0, -2.0).sign == -1
    down = D.ComposeTransform([D.AffineTransform(0.0, -2.0), D.ExpTransform()])
    assert down.sign == -1 and down.inv.sign == -1
    assert D.ExpTransform() == D.ExpTransform() != D.TanhTransform()
    assert D.AffineTransform(0.0, 1.0) == D.AffineTransform(engine.tensor(0.0), 1.0)
    assert D.AffineTransform(0.0, 1.0) != D.AffineTransform(0.0, 2.0)
    assert D.ExpTransform().inv == D.ExpTransform().inv
    with pytest.raises(NotImplementedError, match="SoftmaxTransform: sign is not available"):
        _ = D.SoftmaxTransform().sign


def test_caches() -> None:
    cached = D.TanhTransform(cache_size=1)
    x = engine.tensor([30.0])  # tanh rounds to 1, whose inverse is infinite
    y = cached(x)
    assert cached.inv(y) is x and cached(x) is y
    assert D.TanhTransform().inv(y).item() == float("inf")
    assert D.TanhTransform().with_cache()._cache_size == 1
    composed = D.ComposeTransform([D.ExpTransform(), D.TanhTransform()]).with_cache()
    assert composed.inv(composed(x)) is x
    with pytest.raises(ValueError, match="ExpTransform: cache_size: expected 0 or 1, got 2"):
        D.ExpTransform(cache_size=2)
    assert pickle.loads(pickle.dumps(cached))(engine.zeros(1)).item() == 0


def test_transformed_distributions() -> None:
    steps = [D.AffineTransform(1.0, -2.0), D.ExpTransform()]
    built = D.TransformedDistribution(D.Normal(0.0, 1.0), steps)
    reference = D.LogNormal(1.0, 2.0)
    x = engine.tensor([0.3, 2.0])
    for name in ("log_prob", "cdf"):
        np.testing.assert_allclose(
            getattr(built, name)(x).numpy(), getattr(reference, name)(x).numpy(), rtol=1e-5
        )
    p = engine.tensor([0.2, 0.9])
    np.testing.assert_allclose(built.icdf(p).numpy(), reference.icdf(p).numpy(), rtol=1e-4)
    vectors = D.TransformedDistribution(
        D.Normal(engine.zeros(5, 3), 1.0), D.StickBreakingTransform()
    )
    assert (vectors.batch_shape, vectors.event_shape) == ((5,), (4,))
    assert vectors.expand((2, 5)).sample().shape == (2, 5, 4)
    assert vectors.support is constraints.simplex


@pytest.mark.parametrize(
    "constraint",
    [
        constraints.real,
        constraints.positive,
        constraints.greater_than_eq(1.5),
        constraints.less_than(-1.0),
        constraints.interval(-1.0, 2.0),
        constraints.unit_interval,
        constraints.half_open_interval(0.0, 3.0),
        constraints.simplex,
        constraints.corr_cholesky,
        constraints.independent(constraints.positive, 1),
        constraints.cat([constraints.positive, constraints.real], 0, [2, 4]),
    ],
    ids=repr,
)
def test_registered_transforms(constraint: Any) -> None:
    x = real(6)
    for registry in (D.biject_to, D.transform_to):
        transform = registry(constraint)
        assert bool(constraint.check(transform(x)).all())
    bijection = D.biject_to(constraint)
    np.testing.assert_allclose(bijection.inv(bijection(x)).numpy(), x.numpy(), atol=1e-9)


def test_registries() -> None:
    matrix = D.transform_to(constraints.positive_definite)(real(3, 3))
    assert bool(constraints.positive_definite.check(matrix))
    with pytest.raises(NotImplementedError, match="no transform onto Boolean"):
        D.biject_to(constraints.boolean)
    with pytest.raises(TypeError, match="register: constraint: expected a Constraint"):
        D.biject_to.register(int, lambda c: None)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"ReshapeTransform: .* different numbers of elements"):
        D.ReshapeTransform((2,), (3,))
    with pytest.raises(ValueError, match="expected a shape ending in"):
        D.ReshapeTransform((2,), (1, 2))(engine.zeros(3))
    with pytest.raises(ValueError, match="CorrCholeskyTransform: 4 elements do not fill"):
        D.CorrCholeskyTransform().forward_shape((4,))
    with pytest.raises(ValueError, match="CatTransform: lengths: expected 1"):
        D.CatTransform([D.ExpTransform()], lengths=[1, 2])
    with pytest.raises(ValueError, match="CatTransform: expected 2 along dim 0"):
        D.CatTransform([D.ExpTransform(), D.ExpTransform()])(engine.zeros(3))
