"""Adaptive softmax for many classes of very different frequency."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import _C
from engine._C import Tensor
from engine.nn.containers import ModuleList, Sequential
from engine.nn.linear import Linear
from engine.nn.module import Module


class ASMoutput(NamedTuple):
    """The log-probability of each target, and their negative mean as the loss."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """A softmax over n_classes, sorted by descending frequency, in clusters (Grave et al., 2017).

    The head covers the first cutoffs[0] classes and one output for each cluster, which end at the
    other cutoffs and at n_classes; cluster i projects to in_features / div_value ** (i + 1)
    features.

    >>> import engine
    >>> layer = engine.nn.AdaptiveLogSoftmaxWithLoss(16, 1000, cutoffs=[10, 100])
    >>> output, loss = layer(engine.randn(3, 16), engine.tensor([0, 50, 999]))
    >>> tuple(output.shape), loss.dim(), tuple(layer.log_prob(engine.randn(3, 16)).shape)
    ((3,), 0, (3, 1000))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        ends = [*cutoffs, n_classes]
        if len(ends) < 2 or ends[0] <= 0 or any(a >= b for a, b in itertools.pairwise(ends)):
            raise ValueError(
                "AdaptiveLogSoftmaxWithLoss: cutoffs must be rising integers from 1 to "
                f"{n_classes - 1}, got {list(cutoffs)}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = ends
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = ends[0]
        self.n_clusters = len(ends) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        made: dict[str, Any] = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **made)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(itertools.pairwise(ends)):
            hidden = int(in_features // (div_value ** (i + 1)))
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, **made),
                    Linear(hidden, high - low, bias=False, **made),
                )
            )

    def reset_parameters(self) -> None:
        """Draw new values for all layers."""
        self.head.reset_parameters()
        for layer in self.tail.modules():
            if isinstance(layer, Linear):
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMoutput:
        if (input_.dim(), target_.dim()) not in ((2, 1), (1, 0)):
            raise ValueError(
                "AdaptiveLogSoftmaxWithLoss: expected (N, in_features) and (N,), or both without "
                f"N, got {tuple(input_.shape)} and {tuple(target_.shape)}"
            )
        batched = target_.dim() == 1
        input = input_ if batched else input_.unsqueeze(0)
        target = target_ if batched else target_.unsqueeze(0)
        if input.shape[0] != target.shape[0]:
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: got {input.shape[0]} inputs and {target.shape[0]} "
                "targets"
            )
        if target.numel() and not bool(((target >= 0) & (target < self.n_classes)).all()):
            raise ValueError(
                "AdaptiveLogSoftmaxWithLoss: targets must be classes from 0 to "
                f"{self.n_classes - 1}"
            )
        output = self._log_prob_of(input, target)
        return ASMoutput(output if batched else output.squeeze(0), -output.mean())

    def _log_prob_of(self, input: Tensor, target: Tensor) -> Tensor:
        head = self.head(input).log_softmax(1)
        chosen = target.clamp(max=self.shortlist_size - 1)
        within = _C.zeros(input.shape[0], dtype=head.dtype, device=input.device)
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs)):
            rows = ((target >= low) & (target < high)).nonzero().reshape(-1)
            if rows.numel():
                chosen = chosen.index_fill(0, rows, self.shortlist_size + i)
                cluster = self.tail[i](input.index_select(0, rows)).log_softmax(1)
                local = (target.index_select(0, rows) - low).unsqueeze(1)
                within = within.index_copy(0, rows, cluster.gather(1, local).squeeze(1))
        return within + head.gather(1, chosen.unsqueeze(1)).squeeze(1)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities (N, n_classes) of all classes."""
        head = self.head(input).log_softmax(1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            mass = head[:, self.shortlist_size + i].unsqueeze(1)
            parts.append(cluster(input).log_softmax(1) + mass)
        return _C.cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class (N,) of each sample."""
        best = self.head(input).argmax(1)
        rows = (best >= self.shortlist_size).nonzero().reshape(-1)
        if rows.numel():
            best[rows] = self.log_prob(input.index_select(0, rows)).argmax(1)
        return best
