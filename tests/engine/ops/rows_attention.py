"""Scaled dot-product attention."""

from __future__ import annotations

from typing import Any

import numpy as np

from .framework import Arg, Row
from .rows_softmax import softmax


def attention(
    query: np.ndarray,
    key: np.ndarray,
    value: np.ndarray,
    mask: np.ndarray | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = np.repeat(key, repeats, -3), np.repeat(value, repeats, -3)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = query @ np.swapaxes(key, -1, -2) * scale
    if mask is not None:
        scores = scores + (np.where(mask, 0, -np.inf) if mask.dtype == bool else mask)
    if is_causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf)
    return softmax(scores, -1) @ value


QUERY, KEY, VALUE = Arg(2, 3, 7, 4), Arg(2, 3, 9, 4), Arg(2, 3, 9, 5)
SEEN = Arg(7, 9, dtype="bool")


def row(id: str, *args: Any, **kwargs: Any) -> Row:
    name = "scaled_dot_product_attention"
    return Row(name, attention, list(args), kwargs, method=False, id=f"attention-{id}")


ROWS = [
    row("plain", QUERY, KEY, VALUE),
    row("causal", QUERY, KEY, VALUE, is_causal=True),
    row("scale", Arg(7, 4), Arg(9, 4), Arg(9, 5), scale=-0.3),
    row("bias", QUERY, KEY, VALUE, Arg(2, 1, 7, 9)),
    row("bias-of-queries", QUERY, KEY, VALUE, Arg(7, 1)),
    row("bias-of-keys", Arg(3, 7, 4), Arg(3, 9, 4), Arg(3, 9, 5), Arg(9)),
    row("bias-of-many", Arg(2, 1, 3, 7, 4), Arg(2, 2, 1, 9, 4), Arg(9, 5), Arg(2, 1, 7, 9)),
    row("mask", QUERY, KEY, VALUE, SEEN),
    row("shared-heads", Arg(2, 6, 7, 4), KEY, VALUE, enable_gqa=True),
    row("broadcast", Arg(7, 4), KEY, VALUE),
]
