"""Losses of classification and regression. `reduction` is 'none', 'mean' or 'sum' everywhere."""

from __future__ import annotations

import math
import warnings

from engine import _C
from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn.functional.reduction import legacy_reduction, reduce_loss


def _warn_if_broadcast(name: str, input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        warnings.warn(
            f"{name}: the target's shape {tuple(target.shape)} differs from the input's "
            f"{tuple(input.shape)}; they are broadcast, which is often not what was meant",
            stacklevel=4,
        )


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross entropy of logits (N, C, ...) and classes (N, ...) or probabilities (N, C, ...).

    >>> import engine
    >>> logits, target = engine.zeros(2, 4), engine.tensor([0, 3])
    >>> round(engine.nn.functional.cross_entropy(logits, target).item(), 4)
    1.3863
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _C.cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood of log-probabilities (N, C, ...) and classes (N, ...)."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _C.nll_loss(input, target, weight, ignore_index, reduction)


def _elementwise(
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    *options: float,
) -> Tensor:
    """The op's loss; with weights the mean is over their sum, but Huber's over the elements."""
    _warn_if_broadcast(name, input, target)
    if weight is not None and weight.shape != input.shape:
        raise ValueError(
            f"{name}: weight must have the input's shape {tuple(input.shape)}, got "
            f"{tuple(weight.shape)}"
        )
    function = getattr(_C, name)
    if weight is None:
        return function(input, target, reduction, *options)
    loss = function(input, target, "none", *options) * weight
    if reduction == "mean" and name != "huber_loss":
        return loss.sum() / weight.sum()
    return reduce_loss(name, loss, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x - y)²."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _elementwise("mse_loss", input, target, weight, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|x - y|."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _elementwise("l1_loss", input, target, weight, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """(x - y)² / (2 beta) where |x - y| < beta, |x - y| - beta / 2 elsewhere."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _elementwise("smooth_l1_loss", input, target, None, reduction, beta)


def huber_loss(
    input: Tensor,
    target: Tensor,
    *,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """(x - y)² / 2 where |x - y| < delta, delta (|x - y| - delta / 2) elsewhere."""
    return _elementwise("huber_loss", input, target, weight, reduction, delta)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(y log(x) + (1 - y) log(1 - x)) of probabilities x, with logarithms from -100 upwards."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _C.binary_cross_entropy(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy of sigmoid(x), without overflow; pos_weight weighs the ones."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _C.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """y (log(y) - x) of log-probabilities x; reduction may also be 'batchmean', the sum divided by
    the first dimension's size, which is the mathematical divergence."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "kl_div: reduction='mean' divides by the number of elements; the Kullback-Leibler "
            "divergence is reduction='batchmean'",
            stacklevel=2,
        )
    return _C.kl_div(input, target, reduction, log_target)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-log of a Poisson likelihood with mean exp(x), or x where not log_input; `full` adds
    Stirling's approximation of log(y!)."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        safe = target.masked_fill(target <= 1, 1.0)
        stirling = safe * safe.log() - safe + 0.5 * (2 * math.pi * safe).log()
        loss = loss + stirling.masked_fill(target <= 1, 0.0)
    return reduce_loss("poisson_nll_loss", loss, reduction)


def _check_variance_shape(input: Tensor, var: Tensor) -> None:
    """Checks the shape of the variance, which may be shared along one dimension only."""
    shapes = list(zip(input.shape, var.shape, strict=False))
    shared = [v for i, v in shapes if i != v]
    if input.dim() != var.dim() or shared != [1]:
        raise ValueError(
            f"gaussian_nll_loss: var must have the input's shape {tuple(input.shape)}, or it "
            f"without or with 1 in one dimension, got {tuple(var.shape)}"
        )


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """-log of a Gaussian likelihood with mean x and the variance var, at least eps."""
    if not isinstance(var, Tensor):
        var = _C.full(input.shape, var, dtype=input.dtype, device=input.device)
    elif var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = var.unsqueeze(-1)
        _check_variance_shape(input, var)
    if bool((var < 0).any()):
        raise ValueError("gaussian_nll_loss: var has negative entries")
    with no_grad():
        excess = (eps - var).clamp(min=0)
    # The variance is clamped from below, but its gradient is not.
    var = var + excess
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduce_loss("gaussian_nll_loss", loss, reduction)


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """cross_entropy of linear(input, linear_weight, linear_bias).

    linear_weight is (C, ..., in_features): with more than two dimensions, the first is the
    classes and the others are the target's.

    >>> import engine
    >>> x, w, y = engine.zeros(2, 3), engine.zeros(4, 3), engine.tensor([0, 3])
    >>> round(engine.nn.functional.linear_cross_entropy(x, w, y).item(), 4)
    1.3863
    """
    if linear_weight.dim() < 2:
        raise RuntimeError(
            "linear_cross_entropy: linear_weight must have 2 dimensions or more, got "
            f"{tuple(linear_weight.shape)}"
        )
    outputs = linear_weight.shape[:-1]
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = _C.linear(input, linear_weight.reshape(-1, linear_weight.shape[-1]), bias)
    if len(outputs) > 1:
        logits = logits.unflatten(-1, outputs)
    return _C.cross_entropy(
        logits,
        target,
        weight,
        -100 if ignore_index is None else ignore_index,
        reduction,
        label_smoothing,
    )
