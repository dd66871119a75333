"""Distances and similarities of vectors."""

from __future__ import annotations

from engine import _C
from engine._C import Tensor


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dimension."""
    return _C.norm(x1 - x2 + eps, p, -1, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between x1 and x2 along dim; norms count as eps at least.

    >>> import engine
    >>> x, y = engine.tensor([1.0, 0.0]), engine.tensor([2.0, 0.0])
    >>> engine.nn.functional.cosine_similarity(x, y, dim=0).item()
    1.0
    """
    norm1 = _C.norm(x1, 2, dim, True).clamp(min=eps)
    norm2 = _C.norm(x2, 2, dim, True).clamp(min=eps)
    return ((x1 / norm1) * (x2 / norm2)).sum(dim)
