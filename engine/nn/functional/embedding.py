"""Embeddings: look-ups in tables."""

from __future__ import annotations

import math

from engine import _C
from engine._C import Tensor
from engine._functions import unique
from engine.autograd import no_grad

one_hot = _C.one_hot


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of weight (rows, features) that the integer tensor names.

    The row padding_idx gets no gradient. With max_norm the rows looked up are first scaled down,
    in place, to that norm. scale_grad_by_freq divides each row's gradient by its number of
    look-ups. ``sparse`` is accepted; the gradient is dense. Raises IndexError for an index outside
    [0, rows).

    >>> import engine
    >>> table = engine.arange(6.0).reshape(3, 2)
    >>> engine.nn.functional.embedding(engine.tensor([2, 0]), table).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    if max_norm is not None:
        _renormalize(weight, input, max_norm, norm_type)
    rows = _C.embedding(weight, input, _checked_padding("embedding", padding_idx, weight))
    if not (scale_grad_by_freq and rows.requires_grad):
        return rows
    counts = _C.bincount(input.reshape(-1), minlength=weight.shape[0])[input]
    counts = counts.to(rows.dtype).unsqueeze(-1)
    rows.register_hook(lambda grad: grad / counts)
    return rows.view_as(rows)


def _checked_padding(name: str, padding_idx: int | None, weight: Tensor) -> int | None:
    if padding_idx is None or -weight.shape[0] <= padding_idx < weight.shape[0]:
        return padding_idx
    raise ValueError(f"{name}: padding_idx {padding_idx} is out of range of {weight.shape[0]} rows")


def _renormalize(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    with no_grad():
        used = unique(indices)
        rows = weight.index_select(0, used)  # raises for negative indices
        norms = _C.norm(rows, norm_type, 1, True)
        weight[used] = _C.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of each bag.

    Bags are the rows of a 2-d input, or start at `offsets` in a 1-d one. Offsets must start at 0,
    not decrease and not exceed the length, otherwise RuntimeError is raised. An empty bag gives
    zeros; entries equal to padding_idx are ignored. See embedding for the other arguments.
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode must be 'sum', 'mean' or 'max', got '{mode}'")
    if per_sample_weights is not None and mode != "sum":
        raise ValueError(f"embedding_bag: per_sample_weights need mode 'sum', got '{mode}'")
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(
            f"embedding_bag: per_sample_weights must have the input's shape {tuple(input.shape)}, "
            f"got {tuple(per_sample_weights.shape)}"
        )
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("embedding_bag: scale_grad_by_freq needs mode 'sum' or 'mean'")
    if not weight.is_floating_point():
        raise TypeError(f"embedding_bag: weight must have a floating dtype, got {weight.dtype}")
    if weight.dim() != 2 or weight.shape[0] == 0:
        raise ValueError(f"embedding_bag: weight must have rows, got shape {tuple(weight.shape)}")
    _checked_padding("embedding_bag", padding_idx, weight)
    flat, bag, bags = _bags(input, offsets, include_last_offset)
    values = embedding(flat, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
    if per_sample_weights is not None:
        values = values * per_sample_weights.reshape(-1)[: flat.shape[0]].unsqueeze(1)
    if padding_idx is not None:
        counted = (flat != padding_idx % weight.shape[0]).nonzero().reshape(-1)
        values, bag = values[counted], bag[counted]
    if mode == "max":
        return _largest(values, bag, bags)
    sums = _C.zeros(bags, weight.shape[1], dtype=values.dtype).index_add(0, bag, values)
    if mode == "sum":
        return sums
    counts = _C.bincount(bag, minlength=bags).to(values.dtype)
    return sums / counts.clamp(min=1.0).reshape(-1, 1)


def _largest(values: Tensor, bag: Tensor, bags: int) -> Tensor:
    """The maximum of the rows of each bag, whose rows are contiguous and in order."""
    if values.shape[0] == 0:
        return _C.zeros(bags, values.shape[1], dtype=values.dtype, device=values.device)
    counts = _C.bincount(bag, minlength=bags).reshape(-1, 1)
    starts = counts.cumsum(0) - counts
    offsets_in_bag = _C.arange(max(int(counts.max()), 1), device=values.device)
    rows = (starts + offsets_in_bag).clamp(max=values.shape[0] - 1)
    beyond = (offsets_in_bag >= counts).unsqueeze(-1)
    largest = values[rows].masked_fill(beyond, -math.inf).amax(1)
    return largest.masked_fill(counts == 0, 0.0)


def _bags(
    input: Tensor, offsets: Tensor | None, include_last_offset: bool
) -> tuple[Tensor, Tensor, int]:
    """All indices in one row, the bag of each, and the number of bags."""
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError("embedding_bag: offsets must be None where input has 2 dimensions")
        bags, size = input.shape
        bag = _C.arange(bags, device=input.device).reshape(-1, 1).expand(bags, size)
        return input.reshape(-1), bag.reshape(-1), bags
    if input.dim() != 1 or offsets is None or offsets.dim() != 1:
        given = None if offsets is None else tuple(offsets.shape)
        raise ValueError(
            "embedding_bag: input must have 2 dimensions, or 1 with 1-d offsets, got "
            f"{tuple(input.shape)} and {given}"
        )
    ends = offsets
    if not include_last_offset and offsets.shape[0] == 0:
        return input[:0], _C.arange(0, device=input.device), 0
    if not include_last_offset:
        ends = _C.cat([offsets, _C.full((1,), input.shape[0], dtype=offsets.dtype)])
    sizes = _bag_sizes(ends, input.shape[0])
    bags = sizes.shape[0]
    bag = _C.arange(bags, device=input.device).repeat_interleave(sizes)
    return input[: bag.shape[0]], bag, bags


def _bag_sizes(ends: Tensor, length: int) -> Tensor:
    """The length of each bag, from the offsets and the end of the last one."""
    if ends.dtype not in (_C.int32, _C.int64) or ends.shape[0] == 0:
        raise RuntimeError(
            "embedding_bag: offsets must be int32 or int64, at least one with include_last_offset, "
            f"got {ends.shape[0]} of {ends.dtype}"
        )
    sizes = _C.diff(ends)
    sound = int(ends[0]) == 0 and int(ends[-1]) <= length and bool((sizes >= 0).all())
    if not sound:
        raise RuntimeError(
            "embedding_bag: offsets must start at 0, not fall and not be past the "
            f"{length} indices, got {ends}"
        )
    return sizes
