"""Embeddings: tables of learned vectors."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn import functional as F, init
from engine.nn.module import Module
from engine.nn.parameter import Parameter


class _Table(Module):
    """A table of num_embeddings rows of embedding_dim numbers."""

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
        weight: Tensor | None,
        freeze: bool,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(
                    f"{name}: padding_idx {padding_idx} is out of range of {num_embeddings} rows"
                )
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if weight is None:
            empty = _C.empty(num_embeddings, embedding_dim, device=device, dtype=dtype)
            self.weight = Parameter(empty, requires_grad=not freeze)
            self.reset_parameters()
        elif tuple(weight.shape) != (num_embeddings, embedding_dim):
            raise ValueError(
                f"{name}: weight must be {(num_embeddings, embedding_dim)}, "
                f"got {tuple(weight.shape)}"
            )
        else:
            self.weight = Parameter(weight, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw new values from the standard normal distribution; the padding row is zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, **kwargs: Any) -> Any:
        """A table of the given rows, not trained if freeze."""
        if embeddings.dim() != 2:
            raise ValueError(
                f"from_pretrained: embeddings must have 2 dimensions, got {tuple(embeddings.shape)}"
            )
        table: Any = cls
        return table(*embeddings.shape, _weight=embeddings, _freeze=freeze, **kwargs)

    def _options(self) -> str:
        """The options that are not at their defaults, for repr."""
        defaults = {"max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False}
        return "".join(
            f", {name}={getattr(self, name)}"
            for name, default in defaults.items()
            if getattr(self, name) != default
        )

    def _padding(self) -> str:
        return "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"


class Embedding(_Table):
    """The learned row for each integer; the row padding_idx is not trained.

    `sparse` is accepted for compatibility: gradients are always dense.

    >>> import engine
    >>> table = engine.nn.Embedding(10, 4)
    >>> tuple(table(engine.tensor([[1, 2, 3]])).shape)
    (1, 3, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight,
            _freeze,
            device,
            dtype,
        )

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        sparse = ", sparse=True" if self.sparse else ""
        size = f"{self.num_embeddings}, {self.embedding_dim}"
        return f"{size}{self._padding()}{self._options()}{sparse}"


class EmbeddingBag(_Table):
    """The sum, mean or maximum of the learned rows of each bag of integers.

    `sparse` is accepted for compatibility: gradients are always dense.

    >>> import engine
    >>> table = engine.nn.EmbeddingBag(10, 4, mode="sum")
    >>> tuple(table(engine.tensor([1, 2, 3]), engine.tensor([0, 2])).shape)
    (2, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
        *,
        _freeze: bool = False,
    ) -> None:
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight,
            _freeze,
            device,
            dtype,
        )
        self.mode = mode
        self.include_last_offset = include_last_offset

    def forward(
        self,
        input: Tensor,
        offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        size = f"{self.num_embeddings}, {self.embedding_dim}"
        return f"{size}{self._options()}, mode={self.mode!r}{self._padding()}"
