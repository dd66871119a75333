"""Dropout of elements and of whole channels."""

from __future__ import annotations

import math
import warnings

from engine import _C
from engine._C import Tensor

# The value that selu approaches far on the negative side.
_SELU_FLOOR = -1.7580993408473766


def _check_probability(name: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{name}: p must be between 0 and 1, got {p}")


def _dropped(input: Tensor, inplace: bool) -> Tensor:
    """Zero times the input, which may hold integers or bools."""
    zero = _C.zeros((), dtype=input.dtype, device=input.device)
    return input.mul_(zero) if inplace else input * zero


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero elements with probability p and divide the rest by 1 - p, in training only."""
    _check_probability("dropout", p)
    if not training or p == 0.0:
        return input
    if p == 1.0:
        return _dropped(input, inplace)
    return _C.dropout_(input, p, True) if inplace else _C.dropout(input, p, True)


def _channel_dropout(
    name: str, input: Tensor, p: float, training: bool, inplace: bool, leading: int
) -> Tensor:
    """Dropout with one decision for each index of the first `leading` dimensions."""
    _check_probability(name, p)
    if not training or p == 0.0:
        return input
    if p == 1.0:
        return _dropped(input, inplace)
    _check_channels(name, input, leading)
    shape = [*input.shape[:leading], *[1] * (input.dim() - leading)]
    kept = _C.dropout(_C.ones(shape, dtype=input.dtype, device=input.device), p, True)
    return input.mul_(kept) if inplace else input * kept


def _warn_of_dims(name: str, input: Tensor, expected: str) -> None:
    warnings.warn(
        f"{name}: got an input of {input.dim()} dimensions where {expected}; use the dropout of "
        "that many dimensions",
        stacklevel=3,
    )


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, L) or (C, L)."""
    if input.dim() not in (2, 3):
        raise ValueError(f"dropout1d: input must have 2 or 3 dimensions, got {tuple(input.shape)}")
    return _channel_dropout("dropout1d", input, p, training, inplace, input.dim() - 1)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, H, W).

    Of other inputs the first two dimensions count as (N, C), with a warning.
    """
    if input.dim() != 4:
        _warn_of_dims("dropout2d", input, "(N, C, H, W) is expected and (N, C, ...) assumed")
    return _channel_dropout("dropout2d", input, p, training, inplace, 2)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W).

    Of other inputs the first dimension counts as C, with a warning.
    """
    if input.dim() not in (4, 5):
        _warn_of_dims("dropout3d", input, "4 or 5 are expected and (C, ...) assumed")
    leading = 2 if input.dim() == 5 else 1
    return _channel_dropout("dropout3d", input, p, training, inplace, leading)


def _check_channels(name: str, input: Tensor, leading: int) -> None:
    if input.dim() < leading:
        raise ValueError(
            f"{name}: input must have {leading} dimensions or more, got {tuple(input.shape)}"
        )


def _alpha_dropout(
    name: str, input: Tensor, p: float, training: bool, leading: int | None = None
) -> Tensor:
    """Dropout with one decision for each index of the first `leading` dimensions, or of all."""
    _check_probability(name, p)
    if not training or p == 0.0:
        return input
    if p == 1.0:
        return _dropped(input, False)
    if leading is None:
        leading = input.dim()
    _check_channels(name, input, leading)
    if not input.is_floating_point():
        raise TypeError(f"{name}: input: expected a floating dtype, got {input.dtype}")
    shape = [*input.shape[:leading], *[1] * (input.dim() - leading)]
    kept = (_C.rand(shape, device=input.device) >= p).to(input.dtype)
    scale = 1.0 / math.sqrt((1 - p) * (1 + p * _SELU_FLOOR**2))
    shift = -scale * _SELU_FLOOR * p
    return input * (kept * scale) + ((1 - kept) * (_SELU_FLOOR * scale) + shift)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean and variance of selu's output (Klambauer et al., 2017)."""
    result = _alpha_dropout("alpha_dropout", input, p, training)
    return input.copy_(result) if inplace else result


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """alpha_dropout of whole channels."""
    result = _alpha_dropout("feature_alpha_dropout", input, p, training, 2)
    return input.copy_(result) if inplace else result
