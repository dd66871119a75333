"""The `reduction` of losses, and the deprecated flags `size_average` and `reduce`."""

from __future__ import annotations

import warnings

from engine._C import Tensor


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that the deprecated flags mean, or the one given if both are None."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is not None and not reduce:
        chosen = "none"
    else:
        chosen = "mean" if size_average is None or size_average else "sum"
    warnings.warn(
        f"size_average and reduce are deprecated: pass reduction='{chosen}'",
        UserWarning,
        stacklevel=3,
    )
    return chosen


def reduce_loss(name: str, loss: Tensor, reduction: str) -> Tensor:
    """The loss itself, its mean or its sum."""
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ValueError(f"{name}: reduction must be 'none', 'mean' or 'sum', got '{reduction}'")
