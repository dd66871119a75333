"""Losses. `reduction` is 'none', 'mean' or 'sum' everywhere."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

from engine import _C
from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn.functional.activation import logsigmoid
from engine.nn.functional.distance import pairwise_distance


def reduce_loss(name: str, loss: Tensor, reduction: str) -> Tensor:
    """The loss as it is, its mean or its sum."""
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ValueError(f"{name}: reduction must be 'none', 'mean' or 'sum', got '{reduction}'")


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
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross entropy of logits (N, C, ...) and classes (N, ...) or probabilities (N, C, ...).

    >>> import engine
    >>> logits, target = engine.zeros(2, 4), engine.tensor([0, 3])
    >>> round(engine.nn.functional.cross_entropy(logits, target).item(), 4)
    1.3863
    """
    return _C.cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood of log-probabilities (N, C, ...) and classes (N, ...)."""
    return _C.nll_loss(input, target, weight, ignore_index, reduction)


def _elementwise(
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    *options: float,
) -> Tensor:
    """The op's loss; with weights the mean is over their sum, but for Huber's as in PyTorch."""
    _warn_if_broadcast(name, input, target)
    function = getattr(_C, name)
    if weight is None:
        return function(input, target, reduction, *options)
    if weight.shape != input.shape:
        raise ValueError(
            f"{name}: weight: expected the input's shape {tuple(input.shape)}, "
            f"got {tuple(weight.shape)}"
        )
    loss = function(input, target, "none", *options) * weight
    if reduction == "mean" and name != "huber_loss":
        return loss.sum() / weight.sum()
    return reduce_loss(name, loss, reduction)


def mse_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    """(x - y)²."""
    return _elementwise("mse_loss", input, target, weight, reduction)


def l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    """|x - y|."""
    return _elementwise("l1_loss", input, target, weight, reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """(x - y)² / (2 beta) where |x - y| < beta, |x - y| - beta / 2 elsewhere."""
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
    *,
    reduction: str = "mean",
) -> Tensor:
    """-(y log(x) + (1 - y) log(1 - x)) of probabilities x, with logarithms from -100 upwards."""
    return _C.binary_cross_entropy(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy of sigmoid(x), without overflow; pos_weight weighs the ones."""
    return _C.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


def kl_div(
    input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """y (log(y) - x) of log-probabilities x; reduction may also be 'batchmean', the sum over
    the first dimension's size, which is the divergence as mathematics has it."""
    return _C.kl_div(input, target, reduction, log_target)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """-log of a Poisson likelihood with mean exp(x), or x where not log_input; `full` adds
    Stirling's approximation of log(y!)."""
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        safe = target.masked_fill(target <= 1, 1.0)
        stirling = safe * safe.log() - safe + 0.5 * (2 * math.pi * safe).log()
        loss = loss + stirling.masked_fill(target <= 1, 0.0)
    return reduce_loss("poisson_nll_loss", loss, reduction)


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
    elif var.shape != input.shape and var.shape == input.shape[:-1]:
        var = var.unsqueeze(-1)
    if bool((var < 0).any()):
        raise ValueError("gaussian_nll_loss: var has negative entries")
    with no_grad():
        excess = (eps - var).clamp(min=0)
    # The variance is cut from below, but its gradient is not.
    var = var + excess
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduce_loss("gaussian_nll_loss", loss, reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    *,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1."""
    if target.dim() > 1 or input1.dim() != target.dim() + 1 or input2.dim() != target.dim() + 1:
        raise RuntimeError(
            "cosine_embedding_loss: expected inputs (N, D) and target (N,), or (D,) and (), got "
            f"{tuple(input1.shape)}, {tuple(input2.shape)} and {tuple(target.shape)}"
        )
    eps = 1e-12
    dot = (input1 * input2).sum(-1)
    squares = ((input1 * input1).sum(-1) + eps) * ((input2 * input2).sum(-1) + eps)
    cosine = dot / squares.sqrt()
    loss = _C.where(target == 1, 1 - cosine, (cosine - margin).clamp(min=0))
    return reduce_loss("cosine_embedding_loss", loss.masked_fill(target.abs() != 1, 0.0), reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    *,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -y (x1 - x2) + margin)."""
    if not input1.dim() == input2.dim() == target.dim():
        shapes = ", ".join(str(tuple(t.shape)) for t in (input1, input2, target))
        raise RuntimeError(
            f"margin_ranking_loss: inputs and target must have as many dimensions, got {shapes}"
        )
    loss = (margin - target * (input1 - input2)).clamp(min=0)
    return reduce_loss("margin_ranking_loss", loss, reduction)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, *, reduction: str = "mean"
) -> Tensor:
    """x where the target is 1, max(0, margin - x) where it is -1."""
    near = input.masked_fill(target == -1, 0.0)
    far = (margin - input).clamp(min=0).masked_fill(target == 1, 0.0)
    return reduce_loss("hinge_embedding_loss", near + far, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) (Balntas et al., 2016)."""
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """triplet_margin_loss with any distance; `swap` also takes the positive's distance to the
    negative where that is smaller."""
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = _C.minimum(far, distance(positive, negative))
    return reduce_loss("triplet_margin_loss", (near - far + margin).clamp(min=0), reduction)


def soft_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-y x)) with targets 1 and -1."""
    return reduce_loss("soft_margin_loss", -logsigmoid(target * input), reduction)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """The mean over classes of binary_cross_entropy_with_logits."""
    loss = binary_cross_entropy_with_logits(input, target, weight, reduction="none")
    return reduce_loss("multilabel_soft_margin_loss", loss.mean(-1), reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the wrong classes of max(0, margin - x[y] + x[i])**p."""
    scores = input if input.dim() == 2 else input.unsqueeze(0)
    classes = target.reshape(-1, 1)
    gaps = (margin - scores.gather(1, classes) + scores).clamp(min=0) ** p
    if weight is not None:
        gaps = gaps * weight[classes]
    loss = gaps.scatter(1, classes, 0.0).sum(1) / scores.shape[1]
    loss = loss if input.dim() == 2 else loss.squeeze(0)
    return reduce_loss("multi_margin_loss", loss, reduction)
