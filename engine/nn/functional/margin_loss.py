"""Losses with a margin. `reduction` is 'none', 'mean' or 'sum' everywhere."""

from __future__ import annotations

from collections.abc import Callable

from engine import _C
from engine._C import Tensor
from engine.nn.functional.activation import logsigmoid
from engine.nn.functional.loss import binary_cross_entropy_with_logits
from engine.nn.functional.reduction import legacy_reduction, reduce_loss


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1."""
    if target.dim() > 1 or input1.dim() != target.dim() + 1 or input2.dim() != target.dim() + 1:
        raise RuntimeError(
            "cosine_embedding_loss: expected inputs (N, D) and target (N,), or (D,) and (), got "
            f"{tuple(input1.shape)}, {tuple(input2.shape)} and {tuple(target.shape)}"
        )
    reduction = legacy_reduction(size_average, reduce, reduction)
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
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -y (x1 - x2) + margin)."""
    if not input1.dim() == input2.dim() == target.dim():
        shapes = ", ".join(str(tuple(t.shape)) for t in (input1, input2, target))
        raise RuntimeError(
            "margin_ranking_loss: inputs and target must have the same number of dimensions, "
            f"got {shapes}"
        )
    reduction = legacy_reduction(size_average, reduce, reduction)
    loss = (margin - target * (input1 - input2)).clamp(min=0)
    return reduce_loss("margin_ranking_loss", loss, reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x where the target is 1, max(0, margin - x) where it is -1."""
    reduction = legacy_reduction(size_average, reduce, reduction)
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
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) (Balntas et al., 2016)."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError(
            "triplet_margin_loss: anchor, positive and negative must have as many dimensions, got "
            f"{anchor.dim()}, {positive.dim()} and {negative.dim()}"
        )
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: _C.pairwise_distance(a, b, p, eps),
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
    """triplet_margin_loss with any distance; `swap` takes the positive's distance to the negative
    if that is smaller."""
    distance = _C.pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = _C.minimum(far, distance(positive, negative))
    return reduce_loss("triplet_margin_loss", (near - far + margin).clamp(min=0), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-y x)) with targets 1 and -1."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    scores = input if input.is_floating_point() else input * 1.0  # products could wrap around
    return reduce_loss("soft_margin_loss", -logsigmoid(target * scores), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of binary_cross_entropy_with_logits."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    loss = binary_cross_entropy_with_logits(input, target, weight, reduction="none")
    return reduce_loss("multilabel_soft_margin_loss", loss.mean(-1), reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the wrong classes of max(0, margin - x[y] + x[i])**p."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p must be 1 or 2, got {p}")
    if weight is not None and tuple(weight.shape) != (tuple(input.shape[-1:]) or (1,)):
        raise ValueError(
            f"multi_margin_loss: weight must be {tuple(input.shape[-1:])}, got "
            f"{tuple(weight.shape)}"
        )
    scores = input if input.dim() == 2 else input.reshape(1, -1)
    classes = target.reshape(-1, 1)
    gaps = (margin - scores.gather(1, classes) + scores).clamp(min=0) ** p
    if weight is not None:
        gaps = gaps * weight[classes]
    loss = gaps.scatter(1, classes, 0.0).sum(1) / scores.shape[1]
    loss = loss if input.dim() == 2 else loss.squeeze(0)
    return reduce_loss("multi_margin_loss", loss, reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The sum over right classes y and wrong ones i of max(0, 1 - x[y] + x[i]), over the number
    of classes.

    A row of `target`, of the input's shape (N, C) or (C,), lists the right classes up to its
    first negative number.

    >>> import engine
    >>> x, y = engine.tensor([0.1, 0.2, 0.4, 0.8]), engine.tensor([3, 0, -1, 1])
    >>> round(engine.nn.functional.multilabel_margin_loss(x, y).item(), 4)
    0.85
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if input.dim() > 2 or input.shape != target.shape:
        raise ValueError(
            "multilabel_margin_loss: input and target must both be (N, C) or (C,), got "
            f"{tuple(input.shape)} and {tuple(target.shape)}"
        )
    scores, listed = (x if x.dim() == 2 else x.reshape(1, -1) for x in (input, target))
    valid = (listed >= 0).to(_C.int64).cumprod(1)
    classes = listed * valid
    right = _C.zeros_like(classes).scatter_add(1, classes, valid) > 0
    gaps = 1 - scores.gather(1, classes).unsqueeze(2) + scores.unsqueeze(1)
    counted = (valid > 0).unsqueeze(2) & ~right.unsqueeze(1)
    loss = (gaps.clamp(min=0) * counted).sum([1, 2]) / scores.shape[1]
    loss = loss if input.dim() == 2 else loss.squeeze(0)
    return reduce_loss("multilabel_margin_loss", loss, reduction)
