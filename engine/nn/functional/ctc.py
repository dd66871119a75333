"""Connectionist temporal classification (Graves et al., 2006)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import _C, _creation
from engine._C import Tensor
from engine.autograd import Function
from engine.autograd.function import once_differentiable
from engine.nn.functional.reduction import reduce_loss


class _Problem(NamedTuple):
    """A batch of alignments: targets with a blank before, between and after the labels."""

    labels: Tensor  # (N, 2 S + 1)
    skip: Tensor  # (N, 2 S + 1): 0 where a blank may be skipped, -inf elsewhere
    input_lengths: Tensor  # (N,)
    target_lengths: Tensor  # (N,)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability that a sequence of labels and blanks spells the target.

    log_probs is (T, N, C) or (T, C) and must be normalised over C; targets is (N, S), (S,), or
    the targets of the batch end to end. 'mean' divides each loss by its target's length first.
    A target longer than its input has an infinite loss, or with zero_infinity loss and gradient
    0. Raises ValueError if lengths, labels and shapes are inconsistent.

    >>> import engine
    >>> log_probs = engine.full((3, 1, 2), 0.5).log()
    >>> loss = engine.nn.functional.ctc_loss(log_probs, engine.tensor([[1]]), [3], [1])
    >>> round(loss.exp().reciprocal().item(), 4)  # 6 of 8 paths read "1"
    0.75
    """
    if log_probs.dim() not in (2, 3) or not log_probs.is_floating_point():
        raise ValueError(
            "ctc_loss: log_probs must be floating point of shape (T, N, C) or (T, C), got "
            f"{log_probs.dtype} {tuple(log_probs.shape)}"
        )
    batched = log_probs.dim() == 3
    if not batched:
        log_probs = log_probs.unsqueeze(1)
    problem = _problem(log_probs, targets, input_lengths, target_lengths, blank)
    loss = _CTC.apply(log_probs, problem, zero_infinity)
    if reduction == "mean":
        loss = loss / problem.target_lengths.clamp(min=1).to(loss.dtype)
    return reduce_loss("ctc_loss", loss if batched else loss.squeeze(0), reduction)


def _lengths(what: str, lengths: Any, batch: int, limit: int) -> list[int]:
    values = lengths.reshape(-1).tolist() if isinstance(lengths, Tensor) else list(lengths)
    if len(values) != batch or not all(isinstance(v, int) and 0 <= v <= limit for v in values):
        raise ValueError(
            f"ctc_loss: {what} must be {batch} integers from 0 to {limit}, got {values}"
        )
    return values


def _problem(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int
) -> _Problem:
    steps, batch, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise ValueError(f"ctc_loss: blank must be from 0 to {classes - 1}, got {blank}")
    longest = targets.shape[-1] if targets.dim() else 0
    inputs = _lengths("input_lengths", input_lengths, batch, steps)
    counts = _lengths("target_lengths", target_lengths, batch, longest)
    rows = _padded_targets(targets, counts)
    if rows.numel() and not bool(((rows >= 0) & (rows < classes)).all()):
        raise ValueError(f"ctc_loss: targets must be classes from 0 to {classes - 1}")
    size = 2 * rows.shape[1] + 1
    labels = _C.full((batch, size), blank, dtype=_C.int64, device=log_probs.device)
    labels[:, 1::2] = rows
    # The blank between two labels may be skipped, unless both are equal.
    skip = _C.full((batch, size), -math.inf, dtype=log_probs.dtype, device=log_probs.device)
    skip[:, 3::2] = _C.where(labels[:, 3::2] == labels[:, 1:-2:2], -math.inf, 0.0).to(skip.dtype)
    as_tensor: dict[str, Any] = {"dtype": _C.int64, "device": log_probs.device}
    return _Problem(
        labels,
        skip,
        _creation.tensor(inputs, **as_tensor),
        _creation.tensor(counts, **as_tensor),
    )


def _padded_targets(targets: Tensor, counts: list[int]) -> Tensor:
    """The targets as rows (N, longest), filled with class 0."""
    longest, batch = max(counts, default=0), len(counts)
    if targets.dim() == 2:
        if targets.shape[0] != batch:
            raise ValueError(
                f"ctc_loss: targets must have {batch} rows, got shape {tuple(targets.shape)}"
            )
        ends = _creation.tensor(counts, dtype=_C.int64).reshape(-1, 1)
        rows = targets[:, :longest].to(_C.int64)
        return rows.masked_fill(_C.arange(longest) >= ends, 0)
    if targets.dim() != 1 or targets.shape[0] != sum(counts):
        raise ValueError(
            f"ctc_loss: targets must be (N, S), or have sum(target_lengths) = {sum(counts)} "
            f"elements, got shape {tuple(targets.shape)}"
        )
    rows = _C.zeros((batch, longest), dtype=_C.int64, device=targets.device)
    for row, labels in zip(rows.unbind(0), targets.split(counts), strict=True):
        row[: labels.shape[0]] = labels
    return rows


def _advance(state: Tensor, skip: Tensor) -> Tensor:
    """The log-probability of reaching each position from itself or the one or two before it."""
    one = _C.pad(state[:, :-1], [1, 0], "constant", -math.inf)
    two = _C.pad(state[:, :-2], [2, 0], "constant", -math.inf)[:, : state.shape[1]] + skip
    return _C.logaddexp(_C.logaddexp(state, one), two)


def _at_ends(problem: _Problem) -> Tensor:
    """(N, 2 S + 1): 0 at the two positions where an alignment may end, -inf elsewhere."""
    last = 2 * problem.target_lengths.reshape(-1, 1)
    positions = _C.arange(problem.labels.shape[1], device=last.device)
    ends = (positions == last) | (positions == last - 1)
    return _C.zeros_like(problem.skip).masked_fill(~ends, -math.inf)


def _forward_scores(emitted: Tensor, problem: _Problem) -> Tensor:
    """alpha (T, N, 2 S + 1): log-probabilities of all beginnings, up to and with each step."""
    starts = _C.full_like(problem.skip, -math.inf)
    starts[:, :2] = 0.0
    scores = [starts + emitted[0]]
    for step in emitted.unbind(0)[1:]:
        scores.append(_advance(scores[-1], problem.skip) + step)
    return _C.stack(scores)


def _backward_scores(emitted: Tensor, problem: _Problem) -> Tensor:
    """beta (T, N, 2 S + 1): log-probabilities of all endings, from and with each step."""
    ends = _at_ends(problem)
    # In the reversed sequence a skip starts at the position where it ended.
    skip = _C.pad(problem.skip, [0, 2], "constant", -math.inf)[:, 2:].flip(1)
    lengths = problem.input_lengths.reshape(-1, 1)
    scores: list[Tensor] = []
    state = _C.full_like(ends, -math.inf)
    for t in range(emitted.shape[0] - 1, -1, -1):
        state = _advance(state.flip(1), skip).flip(1)
        state = _C.where(lengths == t + 1, ends, state) + emitted[t]
        scores.append(state)
    return _C.stack(scores[::-1])


class _CTC(Function):
    @staticmethod
    def forward(ctx: Any, log_probs: Tensor, problem: _Problem, zero_infinity: bool) -> Tensor:
        steps, batch, _ = log_probs.shape
        labels = problem.labels.unsqueeze(0).expand(steps, batch, problem.labels.shape[1])
        emitted = log_probs.gather(2, labels)
        alpha = _forward_scores(emitted, problem)
        last = (problem.input_lengths - 1).clamp(min=0)
        final = alpha[last, _C.arange(batch, device=last.device)]
        loss = -(final + _at_ends(problem)).logsumexp(1)
        # Without time steps only the empty target is possible.
        empty = problem.input_lengths == 0
        without = _C.where(problem.target_lengths == 0, 0.0, math.inf).to(loss.dtype)
        loss = _C.where(empty, without, loss)
        ctx.problem, ctx.zero_infinity = problem, zero_infinity
        ctx.save_for_backward(log_probs, emitted, alpha, loss)
        return loss.masked_fill(loss == math.inf, 0.0) if zero_infinity else loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        log_probs, emitted, alpha, loss = ctx.saved_tensors
        problem: _Problem = ctx.problem
        beta = _backward_scores(emitted, problem)
        scores = alpha + beta + loss.reshape(1, -1, 1) - emitted
        occupancy = scores.exp().masked_fill(emitted == -math.inf, 0.0)
        labels = problem.labels.unsqueeze(0).expand(occupancy.shape)
        expected = _C.zeros_like(log_probs).scatter_add(2, labels, occupancy)
        # log_probs is normalised: the term exp(log_probs) makes each step's gradient sum to 0.
        result = (log_probs.exp() - expected) * grad.reshape(1, -1, 1)
        steps = _C.arange(log_probs.shape[0], device=loss.device).reshape(-1, 1, 1)
        unused = steps >= problem.input_lengths.reshape(1, -1, 1)
        if ctx.zero_infinity:
            unused = unused | (loss == math.inf).reshape(1, -1, 1)
        return result.masked_fill(unused, 0.0), None, None
