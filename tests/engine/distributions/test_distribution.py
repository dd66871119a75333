"""Common behaviour of distributions: shapes, validation, expansion, copies, the lazy import."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import pytest

import engine
from engine import distributions as D


def test_shapes() -> None:
    normal = D.Normal(engine.zeros(2, 1), engine.ones(3))
    assert (normal.batch_shape, normal.event_shape) == ((2, 3), ())
    assert normal.sample((4,)).shape == (4, 2, 3) and normal.sample().shape == (2, 3)
    assert not D.Normal(engine.zeros(2, requires_grad=True), 1.0).sample().requires_grad
    joint = D.Independent(normal, 1)
    assert (joint.batch_shape, joint.event_shape) == ((2,), (3,))
    assert joint.log_prob(engine.zeros(3)).shape == (2,)
    assert joint.expand((5, 2)).sample().shape == (5, 2, 3)
    assert D.Normal(0, 1).loc.dtype == engine.float32
    assert repr(normal) == "Normal(loc: Size([2, 3]), scale: Size([2, 3]))"
    assert D.Normal(engine.zeros(0), 1.0).sample((2,)).shape == (2, 0)
    assert D.Dirichlet(engine.ones(0, 3)).log_prob(engine.ones(3) / 3).shape == (0,)
    assert D.Independent(D.Normal(engine.zeros(0, 3), 1.0), 1).sample().shape == (0, 3)
    assert repr(D.Normal(0.0, 1.0)) == "Normal(loc: 0.0, scale: 1.0)"


REFUSED: list[tuple[Any, str]] = [
    (
        lambda: D.Normal(0.0, -1.0),
        r"Normal: argument 'scale': expected values that satisfy Greater",
    ),
    (lambda: D.Normal(float("nan"), 1.0), "Normal: argument 'loc'"),
    (lambda: D.Normal("a", 1.0), "Normal: argument 'loc': expected Tensor or float, got str"),  # type: ignore[arg-type]
    (lambda: D.Uniform(1.0, 0.0), "Uniform: argument 'low'"),
    (lambda: D.Bernoulli(), "Bernoulli: expected exactly one of probs or logits, got none"),
    (lambda: D.Bernoulli(0.5, 0.5), "exactly one of probs or logits, got probs and logits"),
    (lambda: D.Bernoulli(2.0), "Bernoulli: argument 'probs'"),
    (lambda: D.Binomial(-1, 0.5), "Binomial: argument 'total_count'"),
    (lambda: D.Geometric(0.0), "Geometric: probs: expected more than 0"),
    (lambda: D.Categorical(engine.tensor(1.0)), "Categorical: probs: expected at least one dim"),
    (lambda: D.Categorical(engine.tensor([2.0, -1.0])), "Categorical: argument 'probs'"),
    (lambda: D.Dirichlet(engine.tensor(1.0)), "Dirichlet: concentration: expected at least one"),
    (lambda: D.MultivariateNormal(engine.zeros(2)), "MultivariateNormal: expected exactly one"),
    (
        lambda: D.MultivariateNormal(engine.zeros(2), -engine.eye(2)),
        "MultivariateNormal: argument 'covariance_matrix': expected values that satisfy Positive",
    ),
    (
        lambda: D.MultivariateNormal(engine.zeros(2), engine.eye(3)),
        "MultivariateNormal: covariance_matrix: expected matrices of size 2",
    ),
    (lambda: D.Normal(0.0, 1.0).sample(3), "Normal: argument 'sample_shape': expected a shape"),  # type: ignore[arg-type]
    (lambda: D.Wishart(engine.tensor(1.0), engine.eye(3)), "Wishart: df: expected more than 2"),
    (lambda: D.LKJCholesky(1), "LKJCholesky: dim: expected 2 or more, got 1"),
    (lambda: D.Independent(D.Normal(0.0, 1.0), 1), "Independent: reinterpreted_batch_ndims"),
    (
        lambda: D.TransformedDistribution(D.Normal(0.0, 1.0), [3]),
        "TransformedDistribution: argument 'transforms': expected",
    ),  # type: ignore[list-item]
    (lambda: D.Normal(0.0, 1.0).log_prob("x"), "Normal: argument 'value': expected a Tensor"),  # type: ignore[arg-type]
    (
        lambda: D.Normal(engine.zeros(2), 1.0).log_prob(engine.zeros(3)),
        r"broadcasts with \(2,\), got \(3,\)",
    ),
    (
        lambda: D.Normal(0.0, 1.0).log_prob(engine.tensor(float("nan"))),
        r"Normal: argument 'value': expected values within the support Real\(\)",
    ),
    (
        lambda: D.Categorical(engine.ones(2)).log_prob(engine.tensor(2)),
        r"support IntegerInterval\(lower_bound=0, upper_bound=1\)",
    ),
    (lambda: D.Exponential(1.0).cdf(engine.tensor(-1.0)), "Exponential: argument 'value'"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refusals_name_the_argument(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_validation_can_be_left_out() -> None:
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    assert D.Poisson(1.0, validate_args=False).log_prob(engine.tensor(0.5)).isfinite()
    D.Distribution.set_default_validate_args(False)
    try:
        D.Normal(0.0, -1.0)
    finally:
        D.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="set_default_validate_args: value: expected a bool"):
        D.Distribution.set_default_validate_args(1)  # type: ignore[arg-type]


def test_missing_methods_raise() -> None:
    with pytest.raises(NotImplementedError, match="Normal: enumerate_support is not available"):
        D.Normal(0.0, 1.0).enumerate_support()
    with pytest.raises(NotImplementedError, match="Poisson: rsample is not available"):
        D.Poisson(1.0).rsample()
    counts = D.Binomial(engine.tensor([2.0, 3.0]), engine.tensor(0.5))
    with pytest.raises(NotImplementedError, match="entropy needs one total_count"):
        counts.entropy()


def test_expand_keeps_parameters_and_subclasses_must_expand_themselves() -> None:
    logits = D.Bernoulli(logits=engine.zeros(2)).expand((3, 2))
    assert logits.logits.shape == (3, 2) and logits.probs.shape == (3, 2)
    assert "probs" in vars(logits) and logits.logits.stride() == (0, 1)

    class Named(D.Normal):
        def __init__(self, name: str) -> None:
            super().__init__(0.0, 1.0)
            self.name = name

    with pytest.raises(NotImplementedError, match="Named: a subclass of Normal with its own"):
        Named("x").expand((2,))


def test_copies() -> None:
    built = D.LogNormal(engine.zeros(2), 1.0)
    for other in (copy.deepcopy(built), pickle.loads(pickle.dumps(D.Normal(engine.zeros(2), 1.0)))):
        assert other.sample().shape == (2,)


def test_gradients_reach_logits_through_lazy_probs() -> None:
    logits = engine.zeros(3, requires_grad=True)
    built = D.Categorical(logits=logits)
    with engine.no_grad():
        _ = built.probs  # computed with gradients nevertheless
    built.probs[0].backward()
    assert logits.grad is not None and logits.grad.abs().sum().item() > 0


def test_the_package_is_imported_at_its_first_use() -> None:
    program = (
        "import sys, engine\n"
        "lazy = ('engine.distributions', 'engine.linalg', 'engine.special')\n"
        "assert not [m for m in sys.modules if m.startswith(lazy)]\n"
        "engine.distributions.Normal(0.0, 1.0).sample()\n"
        "engine.linalg.inv(engine.eye(2)), engine.special.ndtr(engine.zeros(1))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
