"""Losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .rows_softmax import log_softmax


def reduce(loss: np.ndarray, reduction: str) -> Any:
    return {"none": loss, "mean": loss.mean(), "sum": loss.sum()}[reduction]


def nll_loss(
    x: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    classes = x.shape[1]
    rows = np.moveaxis(x, 1, -1).reshape(-1, classes)
    chosen, weights = target.reshape(-1), np.ones(classes) if weight is None else weight
    kept = chosen != ignore_index
    own = np.where(kept, weights[chosen], 0.0)
    loss = -(1 - label_smoothing) * own * rows[np.arange(len(rows)), chosen]
    loss = loss - kept * (rows @ weights) * label_smoothing / classes
    if reduction == "mean":
        return loss.sum() / own.sum()
    return reduce(loss.reshape(target.shape), reduction)


def cross_entropy(
    x: np.ndarray, target: np.ndarray, weight: np.ndarray | None = None, **kwargs: Any
) -> Any:
    return nll_loss(log_softmax(x, 1), target, weight, **kwargs)


def soft_cross_entropy(x: np.ndarray, target: np.ndarray, label_smoothing: float = 0.0) -> Any:
    target = target * (1 - label_smoothing) + label_smoothing / x.shape[1]
    return -(log_softmax(x, 1) * target).sum(1).mean()


def huber(d: np.ndarray, delta: float) -> np.ndarray:
    return np.where(abs(d) < delta, d * d / 2, delta * (abs(d) - delta / 2))


def bce(x: np.ndarray, y: np.ndarray, weight: Any = 1.0, pos_weight: Any = 1.0) -> Any:
    return -(weight * (pos_weight * y * np.log(x) + (1 - y) * np.log(1 - x)))


def bce_with_logits(x: np.ndarray, *rest: np.ndarray, reduction: str = "mean") -> Any:
    return reduce(bce(1 / (1 + np.exp(-x)), *rest), reduction)


def kl_div(x: np.ndarray, y: np.ndarray, reduction: str = "mean", log_target: bool = False) -> Any:
    y = np.exp(y) if log_target else y
    loss = y * (np.log(y) - x)
    return loss.sum() / len(x) if reduction == "batchmean" else reduce(loss, reduction)


CLASSES = Arg(4, low=0, high=5, dtype="int64")
IMAGE = Arg(2, 3, low=0, high=5, dtype="int64")
WEIGHT = Arg(6, low=0.5, high=2)
APART = [Arg(3, 4), Arg(3, 4, low=3, high=7)]  # never equal: there l1_loss has no derivative
CHANCE = Arg(3, 4, low=0.1, high=0.9)
SMOOTH = {"label_smoothing": 0.2}


def classes(op: str, reference: Any, id: str, *args: Any, grad: bool = True, **kwargs: Any) -> Row:
    return Row(op, reference, list(args), kwargs, grad=grad, method=False, id=f"{op}-{id}")


ROWS = [
    classes("cross_entropy", cross_entropy, "mean", Arg(4, 6), CLASSES),
    classes("cross_entropy", cross_entropy, "none", Arg(2, 6, 3), IMAGE, reduction="none"),
    classes("cross_entropy", cross_entropy, "ignore", Arg(4, 6), CLASSES, ignore_index=3),
    classes(
        "cross_entropy", cross_entropy, "weight", Arg(4, 6), CLASSES, WEIGHT, grad=False, **SMOOTH
    ),
    classes(
        "cross_entropy", cross_entropy, "smooth", Arg(4, 6), CLASSES, reduction="sum", **SMOOTH
    ),
    classes("cross_entropy", soft_cross_entropy, "chances", CHANCE, CHANCE),
    classes("cross_entropy", soft_cross_entropy, "chances-smooth", CHANCE, CHANCE, **SMOOTH),
    classes("nll_loss", nll_loss, "sum", Arg(2, 6, 3), IMAGE, reduction="sum"),
    classes("nll_loss", nll_loss, "weight", Arg(4, 6), CLASSES, WEIGHT, grad=False),
    Row("mse_loss", lambda x, y: ((x - y) ** 2).mean(), [Arg(3, 4), Arg(3, 4)]),
    Row("l1_loss", lambda x, y: abs(x - y).mean(), APART),
    Row("smooth_l1_loss", lambda x, y: huber(x - y, 1.0).mean(), [Arg(3, 4), Arg(3, 4)]),
    Row(
        "smooth_l1_loss",
        lambda x, y, beta: huber(x - y, beta).mean() / beta,
        APART,
        {"beta": 5.5},
        id="smooth_l1-beta",
    ),
    Row("huber_loss", lambda x, y, delta: huber(x - y, delta).mean(), APART, {"delta": 4.5}),
    Row("binary_cross_entropy", lambda x, y: bce(x, y).mean(), [CHANCE, Arg(3, 4, low=0, high=1)]),
    Row("binary_cross_entropy_with_logits", bce_with_logits, [Arg(3, 4), CHANCE]),
    Row(
        "binary_cross_entropy_with_logits",
        bce_with_logits,
        [Arg(3, 4), CHANCE, CHANCE, Arg(4)],
        {"reduction": "none"},
    ),
    Row("kl_div", kl_div, [Arg(3, 4, high=0), CHANCE]),
    Row(
        "kl_div",
        kl_div,
        [Arg(3, 4, high=0), Arg(3, 4, high=0)],
        {"log_target": True, "reduction": "batchmean"},
        id="kl_div-log",
    ),
]
