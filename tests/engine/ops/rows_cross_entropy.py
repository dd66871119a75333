"""Cross entropy and negative log likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .rows_loss import CHANCE, reduce
from .rows_softmax import log_softmax


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


CLASSES = Arg(4, low=0, high=5, dtype="int64")
IMAGE = Arg(2, 3, low=0, high=5, dtype="int64")
WEIGHT = Arg(6, low=0.5, high=2)
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
]
