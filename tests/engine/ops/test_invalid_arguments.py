"""Invalid arguments of ops raise errors with the argument's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import engine

F = engine.nn.functional
INTS, BOOLS = engine.tensor([1, 2]), engine.tensor([True, False])
X = engine.tensor([1.0, 2.0])


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: INTS.clone().arcsinh_(), RuntimeError, "float32 can't be stored in int64"),
        (lambda: INTS.clone().deg2rad_(), RuntimeError, "float32 can't be stored in int64"),
        (
            lambda: INTS.clone().div_(2, rounding_mode=None),
            RuntimeError,
            "float32 can't be stored in int64",
        ),
        (lambda: BOOLS - BOOLS, TypeError, "bools can't be subtracted"),
        (lambda: X.sub(BOOLS, alpha=2), TypeError, "bools can't be subtracted"),
        (
            lambda: engine.addmv(INTS, engine.ones(2, 2, dtype=engine.int64), INTS, alpha=0.5),
            TypeError,
            "alpha: expected an integer",
        ),
        (
            lambda: engine.baddbmm(engine.ones(1, 1, 1, 1), *[engine.ones(1, 1, 1)] * 2),
            RuntimeError,
            "self: shape (1, 1, 1, 1) does not broadcast",
        ),
        (lambda: engine.flipud(engine.tensor(1.0)), RuntimeError, "at least 1 dimension"),
        (lambda: engine.fliplr(X), RuntimeError, "at least 2 dimensions"),
        (lambda: engine.arange(4).hsplit(3), RuntimeError, "sections: expected a divisor of 4"),
        (lambda: engine.isclose(X, X, atol=-1.0), RuntimeError, "rtol, atol: expected 0 or more"),
        (lambda: X.cov(fweights=X), TypeError, "fweights: expected integers, got float32"),
        (lambda: INTS.bincount(minlength=-1), RuntimeError, "minlength: expected 0 or more"),
        (lambda: engine.bernoulli(X), RuntimeError, "p: expected probabilities from 0 to 1"),
        (lambda: X.bernoulli(-0.5), RuntimeError, "p: expected probabilities from 0 to 1"),
        (lambda: engine.pdist(engine.ones(2, 2), -1.0), ValueError, "p: expected 0 or more"),
        (
            lambda: engine.searchsorted(X, X, right=True, side="left"),
            ValueError,
            "side: expected 'right', or 'left' without right=True",
        ),
        (
            lambda: engine.tensor(1.0).index_select(0, engine.tensor([0, 0])),
            RuntimeError,
            "index: expected one index into a 0-d tensor",
        ),
        (lambda: engine.tensor(1.0).topk(0), RuntimeError, "k: expected 1 to 1, got 0"),
        (lambda: engine.trapezoid(X, engine.ones(3)), RuntimeError, "x: expected a point for each"),
        (lambda: X.unflatten(0, []), RuntimeError, "sizes: expected at least one size"),
        (lambda: X.unflatten(0, (-2,)), RuntimeError, "or -1, got -2"),
        (
            lambda: engine.cartesian_prod(engine.ones(2, 2)),
            RuntimeError,
            "tensors: expected vectors, got shape (2, 2)",
        ),
        (lambda: engine.instance_norm(engine.ones(1, 2, 3), X), ValueError, "both or neither"),
        (
            lambda: engine.batch_norm(engine.ones(3, 2), X, None, training=True),
            ValueError,
            "both or neither",
        ),
        (lambda: INTS[None].bincount(), RuntimeError, "self: expected 1 dimension"),
        (lambda: X.bincount(), TypeError, "self: expected integers"),
        (lambda: engine.meshgrid([]), RuntimeError, "tensors: expected at least one"),
        (lambda: engine.tensor(1.0).quantile(0.5, 7), IndexError, "7"),
        (lambda: engine.diff(engine.ones(2, 2), prepend=X), RuntimeError, "prepend: expected 2"),
        (
            lambda: engine.bartlett_window(4, dtype=engine.int32),
            TypeError,
            "dtype: expected a floating dtype",
        ),
        (
            lambda: F.cosine_similarity(X, X, 0, eps=-1.0),
            RuntimeError,
            "eps: expected 0 or more",
        ),
        (lambda: F.prelu(X, engine.ones(1, 1)), RuntimeError, "weight: expected 1 dimension"),
        (
            lambda: engine.zeros(2, dtype=engine.uint8).random_(257),
            RuntimeError,
            "expected low and high - 1 in the range of uint8",
        ),
        (
            lambda: engine.randint(3, (2,), dtype=engine.bool),
            RuntimeError,
            "expected low and high - 1 in the range of bool",
        ),
        (
            lambda: F.binary_cross_entropy(X / 2, X / 2, engine.ones(3, 2)),
            RuntimeError,
            "weight: shape (3, 2) does not broadcast",
        ),
        (
            lambda: F.cross_entropy(X, X / 2, ignore_index=0),
            RuntimeError,
            "ignore_index: only classes are ignored",
        ),
        (
            lambda: F.interpolate(engine.ones(1, 1, 2), 3, recompute_scale_factor=True),
            ValueError,
            "recompute_scale_factor: expected scale_factor, not size",
        ),
        (
            lambda: INTS.index_add(0, engine.tensor([0]), INTS[:1], alpha=0.5),
            TypeError,
            "alpha: expected an integer",
        ),
        (
            lambda: engine.addmm(
                engine.ones(1, 1, dtype=engine.int64),
                *[engine.ones(1, 1, dtype=engine.int64)] * 2,
                beta=float("inf"),
            ),
            TypeError,
            "beta: expected an integer",
        ),
        (lambda: F.dropout3d(engine.tensor(1.0)), ValueError, "1 dimensions or more"),
        (
            lambda: engine.add(INTS, INTS, alpha=float("inf")),
            TypeError,
            "alpha: expected an integer",
        ),
        (lambda: INTS.round(decimals=1), TypeError, "decimals: expected 0"),
        (
            lambda: BOOLS.scatter_reduce(0, engine.tensor([0]), BOOLS, "mean"),
            TypeError,
            "bools have no mean",
        ),
        (lambda: X.mvlgamma(2**40), RuntimeError, "p: expected 1 to 1048576"),
        (
            lambda: F.bilinear(X, X, engine.ones(3, 2, 2), X),
            RuntimeError,
            "bias must have shape (3,)",
        ),
        (
            lambda: F.embedding_bag(INTS[None] - 1, engine.ones(2, 2, dtype=engine.int64)),
            TypeError,
            "weight must have a floating dtype",
        ),
        (
            lambda: F.triplet_margin_loss(X, X[None], X[None]),
            RuntimeError,
            "as many dimensions, got 1, 2 and 2",
        ),
        (lambda: engine.cross(engine.ones(3), engine.ones(1, 3)), RuntimeError, "1 dimensions"),
    ],
)
def test_refused(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert message in str(raised.value)
