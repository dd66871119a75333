"""Losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row


def reduce(loss: np.ndarray, reduction: str) -> Any:
    return {"none": loss, "mean": loss.mean(), "sum": loss.sum()}[reduction]


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


APART = [Arg(3, 4), Arg(3, 4, low=3, high=7)]  # never equal: there l1_loss has no derivative
CHANCE = Arg(3, 4, low=0.1, high=0.9)

ROWS = [
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
