"""Losses beside their formulas in NumPy, and their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional as F
from engine.testing import gradcheck
from tests.engine.nn.reference import Array, close, draw, sigmoid, softmax, tensor

X, Y = draw(5, 4), draw(5, 4, seed=1)
P, Q = sigmoid(X), sigmoid(Y)
LOG_P = np.log(softmax(X))
CLASSES = np.array([0, 3, 1, 1, 2])
SIGNS = np.where(Y > 0, 1.0, -1.0)
WEIGHT = np.array([0.5, 1.0, 2.0, 3.0])


def _distance(a: Array, b: Array) -> Array:
    return np.sqrt(((a - b + 1e-6) ** 2).sum(-1))


def _cosine(a: Array, b: Array) -> Array:
    return (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))


def _huber(d: Array, delta: float) -> Array:
    return np.where(d < delta, 0.5 * d * d, delta * (d - 0.5 * delta))


def _cross_entropy(target: Array) -> Array:
    return -(LOG_P * target).sum(1)


ONE_HOT = np.eye(4)[CLASSES]
D = np.abs(X - Y)
STIRLING = np.where(Q * 5 > 1, Q * 5 * np.log(Q * 5) - Q * 5 + 0.5 * np.log(2 * math.pi * Q * 5), 0)
LOSSES: list[tuple[Callable[..., Any], tuple[Array, ...], Array]] = [
    (nn.L1Loss, (X, Y), D),
    (nn.MSELoss, (X, Y), D**2),
    (lambda **k: nn.SmoothL1Loss(beta=0.7, **k), (X, Y), _huber(D, 0.7) / 0.7),
    (lambda **k: nn.SmoothL1Loss(beta=0.0, **k), (X, Y), D),
    (lambda **k: nn.HuberLoss(delta=0.7, **k), (X, Y), _huber(D, 0.7)),
    (nn.CrossEntropyLoss, (X, CLASSES), _cross_entropy(ONE_HOT)),
    (nn.CrossEntropyLoss, (X, softmax(Y)), _cross_entropy(softmax(Y))),
    (
        lambda **k: nn.CrossEntropyLoss(label_smoothing=0.2, **k),
        (X, CLASSES),
        _cross_entropy(0.8 * ONE_HOT + 0.05),
    ),
    (nn.NLLLoss, (LOG_P, CLASSES), _cross_entropy(ONE_HOT)),
    (nn.BCELoss, (P, Q), -(Q * np.log(P) + (1 - Q) * np.log(1 - P))),
    (
        lambda **k: nn.BCELoss(tensor(WEIGHT), **k),
        (P, Q),
        -(Q * np.log(P) + (1 - Q) * np.log(1 - P)) * WEIGHT,
    ),
    (nn.BCEWithLogitsLoss, (X, Q), -(Q * np.log(P) + (1 - Q) * np.log(1 - P))),
    (
        lambda **k: nn.BCEWithLogitsLoss(pos_weight=tensor(WEIGHT), **k),
        (X, Q),
        -(WEIGHT * Q * np.log(P) + (1 - Q) * np.log(1 - P)),
    ),
    (nn.KLDivLoss, (LOG_P, Q), Q * (np.log(Q) - LOG_P)),
    (
        lambda **k: nn.KLDivLoss(log_target=True, **k),
        (LOG_P, np.log(Q)),
        Q * (np.log(Q) - LOG_P),
    ),
    (nn.PoissonNLLLoss, (X, Q * 5), np.exp(X) - Q * 5 * X),
    (
        lambda **k: nn.PoissonNLLLoss(log_input=False, full=True, **k),
        (P, Q * 5),
        P - Q * 5 * np.log(P + 1e-8) + STIRLING,
    ),
    (
        lambda **k: nn.GaussianNLLLoss(full=True, **k),
        (X, Y, P),
        0.5 * (np.log(P) + D**2 / P + math.log(2 * math.pi)),
    ),
    (
        lambda **k: nn.CosineEmbeddingLoss(0.1, **k),
        (X, Y, SIGNS[:, 0]),
        np.where(SIGNS[:, 0] > 0, 1 - _cosine(X, Y), np.maximum(_cosine(X, Y) - 0.1, 0)),
    ),
    (
        lambda **k: nn.MarginRankingLoss(0.2, **k),
        (X, Y, SIGNS),
        np.maximum(-SIGNS * (X - Y) + 0.2, 0),
    ),
    (nn.HingeEmbeddingLoss, (X, SIGNS), np.where(SIGNS > 0, X, np.maximum(1 - X, 0))),
    (
        nn.TripletMarginLoss,
        (X, Y, P),
        np.maximum(_distance(X, Y) - _distance(X, P) + 1, 0),
    ),
    (
        lambda **k: nn.TripletMarginWithDistanceLoss(swap=True, **k),
        (X, Y, P),
        np.maximum(_distance(X, Y) - np.minimum(_distance(X, P), _distance(Y, P)) + 1, 0),
    ),
    (nn.SoftMarginLoss, (X, SIGNS), np.log1p(np.exp(-SIGNS * X))),
    (
        nn.MultiLabelSoftMarginLoss,
        (X, Q),
        -(Q * np.log(P) + (1 - Q) * np.log(1 - P)).mean(1),
    ),
    (
        lambda **k: nn.MultiMarginLoss(2, 0.5, **k),
        (X, CLASSES),
        (np.maximum(0.5 - X[np.arange(5), CLASSES][:, None] + X, 0) ** 2 * (1 - ONE_HOT)).sum(1)
        / 4,
    ),
]


@pytest.mark.filterwarnings("ignore:kl_div:UserWarning")
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(("loss", "arrays", "wanted"), LOSSES)
def test_value(
    loss: Callable[..., Any], arrays: tuple[Array, ...], wanted: Array, reduction: str
) -> None:
    reduced = {"none": wanted, "mean": wanted.mean(), "sum": wanted.sum()}[reduction]
    close(loss(reduction=reduction)(*map(tensor, arrays)), reduced, 1e-8)


@pytest.mark.parametrize(("loss", "arrays", "wanted"), LOSSES)
def test_gradient(loss: Callable[..., Any], arrays: tuple[Array, ...], wanted: Array) -> None:
    fixed = [tensor(array) for array in arrays[1:]]
    module = loss(reduction="sum")
    assert gradcheck(lambda x: module(x, *fixed), (tensor(arrays[0], requires_grad=True),))


def test_class_weights_and_ignored_targets() -> None:
    loss = nn.CrossEntropyLoss(tensor(WEIGHT), ignore_index=1)
    counted = CLASSES != 1
    each = _cross_entropy(ONE_HOT) * WEIGHT[CLASSES] * counted
    close(loss(tensor(X), tensor(CLASSES)), each.sum() / (WEIGHT[CLASSES] * counted).sum())
    assert list(loss.state_dict()) == ["weight"]


def test_images_of_classes() -> None:
    x, target = draw(2, 3, 4, 5), np.arange(40).reshape(2, 4, 5) % 3
    log_p = np.log(softmax(x, 1))
    wanted = -np.take_along_axis(log_p, target[:, None], 1)[:, 0]
    close(F.cross_entropy(tensor(x), tensor(target), reduction="none"), wanted)


def test_certain_wrong_answers_cost_a_finite_amount() -> None:
    x = tensor(np.array([0.0, 1.0, 0.0, 1.0]), requires_grad=True)
    loss = F.binary_cross_entropy(x, tensor(np.array([0.0, 1.0, 1.0, 0.0])), reduction="none")
    assert loss.tolist() == [0.0, 0.0, 100.0, 100.0]
    loss.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    far = tensor(np.array([1000.0, -1000.0]), requires_grad=True)
    F.binary_cross_entropy_with_logits(far, tensor(np.array([0.0, 0.0]))).backward()
    assert far.grad.tolist() == [0.5, 0.0]
    at_zero = tensor(np.array([0.0]), requires_grad=True)
    F.binary_cross_entropy_with_logits(at_zero, tensor(np.array([1.0]))).backward()
    assert at_zero.grad.tolist() == [-0.5]


def test_kl_div_over_the_batch() -> None:
    wanted = (Q * (np.log(Q) - LOG_P)).sum() / 5
    close(nn.KLDivLoss(reduction="batchmean")(tensor(LOG_P), tensor(Q)), wanted)
    zeros = F.kl_div(tensor(LOG_P), tensor(np.zeros((5, 4))), reduction="sum")
    assert zeros.item() == 0


def test_gaussian_nll_with_few_variances() -> None:
    var = P[:, 0]
    wanted = 0.5 * (np.log(var[:, None]) + D**2 / var[:, None])
    close(F.gaussian_nll_loss(tensor(X), tensor(Y), tensor(var), reduction="none"), wanted)
    close(F.gaussian_nll_loss(tensor(X), tensor(Y), 4.0), (0.5 * (np.log(4) + D**2 / 4)).mean())
    with pytest.raises(ValueError, match="negative entries"):
        F.gaussian_nll_loss(tensor(X), tensor(Y), tensor(-P))


def test_distances() -> None:
    close(nn.CosineSimilarity(dim=1)(tensor(X), tensor(Y)), _cosine(X, Y))
    assert F.cosine_similarity(engine.zeros(3), engine.ones(3), dim=0).item() == 0
    wanted = (np.abs(X - Y + 1e-6) ** 3).sum(-1) ** (1 / 3)
    close(nn.PairwiseDistance(3.0)(tensor(X), tensor(Y)), wanted)


def test_errors() -> None:
    x, y = tensor(X), tensor(Y)
    with pytest.raises(ValueError, match=r"l1_loss: reduction: expected .* got 'avg'"):
        F.l1_loss(x, y, reduction="avg")
    with pytest.raises(ValueError, match=r"expected self's shape \(5, 4\), got \(5,\)"):
        F.binary_cross_entropy_with_logits(x, y[:, 0])
    with pytest.raises(ValueError, match="delta: expected more than 0, got 0"):
        F.huber_loss(x, y, delta=0.0)
    with pytest.warns(UserWarning, match="broadcast"):
        F.mse_loss(x, y[:, :1])


def test_flags_that_came_before_reduction() -> None:
    x, y = tensor(X), tensor(Y)
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"size_average": False}, (D**2).sum()),
        ({"size_average": True}, (D**2).mean()),
        ({"reduce": False}, D**2),
        ({"size_average": False, "reduce": True}, (D**2).sum()),
    ]
    for options, wanted in cases:
        with pytest.warns(UserWarning, match="size_average and reduce are deprecated"):
            close(F.mse_loss(x, y, **options), wanted)
        with pytest.warns(UserWarning, match="size_average and reduce are deprecated"):
            close(nn.MSELoss(**options)(x, y), wanted)
    classes = tensor(CLASSES)
    with pytest.warns(UserWarning, match="reduction='sum'"):
        close(F.cross_entropy(x, classes, None, False), _cross_entropy(ONE_HOT).sum())


def test_warnings_of_likely_mistakes() -> None:
    with pytest.warns(UserWarning, match="is reduction='batchmean'"):
        F.kl_div(tensor(LOG_P), tensor(Q))
    with pytest.warns(UserWarning, match=r"mse_loss: the target's shape \(2,\) differs"):
        F.mse_loss(engine.zeros(2, 1), engine.zeros(2))


def test_float_targets_of_classes_shape() -> None:
    with pytest.raises(TypeError, match=r"target: expected classes as integers .* got float32"):
        F.cross_entropy(engine.zeros(2, 3), engine.zeros(2))


def test_multilabel_margin() -> None:
    labels = np.array([[3, 0, -1, 1], [0, 1, 2, 3], [-1, 0, 0, 0], [1, 1, -1, -1], [2, 0, 1, -1]])
    wanted = []
    for scores, row in zip(X, labels, strict=True):
        right = row[: np.argmax(row < 0)] if (row < 0).any() else row
        wrong = [i for i in range(4) if i not in right]
        wanted.append(sum(max(0.0, 1 - scores[y] + scores[i]) for y in right for i in wrong) / 4)
    loss = nn.MultiLabelMarginLoss(reduction="none")
    close(loss(tensor(X), tensor(labels)), wanted)
    close(loss(tensor(X[0]), tensor(labels[0])), wanted[0])
    assert gradcheck(lambda x: loss(x, tensor(labels)), [tensor(X, requires_grad=True)])


def test_linear_cross_entropy() -> None:
    weight, bias = draw(4, 3, seed=5), draw(4, seed=6)
    features = draw(5, 3, seed=7)
    got = F.linear_cross_entropy(
        tensor(features), tensor(weight), tensor(CLASSES), linear_bias=tensor(bias)
    )
    logits = features @ weight.T + bias
    close(got, -np.log(softmax(logits))[range(5), CLASSES].mean())
    layer = nn.LinearCrossEntropyLoss(3, 4, out_features=(2,))
    assert layer(engine.randn(5, 3), engine.zeros(5, 2, dtype=engine.int64)).dim() == 0


def test_margins_of_multi_margin() -> None:
    with pytest.raises(ValueError, match="p must be 1 or 2, got 3"):
        F.multi_margin_loss(tensor(X), tensor(CLASSES), p=3)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0]])
def test_cross_entropy_of_large_logits(smoothing: float, weight: list[float] | None) -> None:
    """In float32 the logarithm of the sum is lost beside logits of 1e7."""
    losses, slopes = [], []
    for shift in (0.0, 1e7):
        x = engine.tensor([[shift, shift + 1, shift + 2]], requires_grad=True)
        factors = None if weight is None else engine.tensor(weight)
        loss = F.cross_entropy(x, engine.tensor([0]), factors, label_smoothing=smoothing)
        loss.backward()
        assert x.grad is not None
        losses.append(loss)
        slopes.append(x.grad)
    engine.testing.assert_close(losses[1], losses[0])
    engine.testing.assert_close(slopes[1], slopes[0])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_class_weights_have_gradients(reduction: str) -> None:
    def loss(weight: engine.Tensor) -> engine.Tensor:
        return F.cross_entropy(tensor(X), tensor(CLASSES), weight, reduction=reduction)

    assert gradcheck(loss, [tensor(draw(X.shape[1], seed=9) ** 2 + 1, requires_grad=True)])


def test_whole_targets_of_logits_do_not_wrap_around() -> None:
    x = engine.tensor([0.5])
    for dtype in (engine.uint8, engine.int64):
        found = F.binary_cross_entropy_with_logits(x, engine.tensor([3], dtype=dtype))
        wanted = F.binary_cross_entropy_with_logits(x, engine.tensor([3.0]))
        assert found.item() == wanted.item()
