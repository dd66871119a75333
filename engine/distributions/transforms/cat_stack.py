"""Transforms of slices of a dimension: concatenated and stacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.transforms.base import Transform, sum_rightmost


def _checked(name: str, tseq: Sequence[Transform]) -> list[Transform]:
    if not all(isinstance(t, Transform) for t in tseq):
        raise TypeError(f"{name}: tseq: expected Transforms, got {list(tseq)}")
    return list(tseq)


class CatTransform(Transform):
    """Applies each transform to its slice, ``lengths`` long, of dimension ``dim``.

    >>> import engine
    >>> from engine.distributions import CatTransform, ExpTransform, identity_transform
    >>> CatTransform([ExpTransform(), identity_transform])(engine.zeros(2))
    tensor([1., 0.])
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        parts = _checked("CatTransform", tseq)
        if cache_size:
            parts = [t.with_cache(cache_size) for t in parts]
        super().__init__(cache_size=cache_size)
        self.transforms = parts
        self.lengths = [1] * len(parts) if lengths is None else list(lengths)
        self.dim = dim
        if len(self.lengths) != len(parts):
            raise ValueError(
                f"CatTransform: lengths: expected {len(parts)}, one per transform, got "
                f"{len(self.lengths)}"
            )

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """The size of dimension ``dim``."""
        return sum(self.lengths)

    @property
    def bijective(self) -> bool:
        return all(t.bijective for t in self.transforms)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _slices(self, value: Tensor) -> list[Tensor]:
        if not -value.dim() <= self.dim < value.dim() or value.shape[self.dim] != self.length:
            raise ValueError(
                f"CatTransform: expected {self.length} along dim {self.dim}, got shape "
                f"{tuple(value.shape)}"
            )
        return list(value.split(self.lengths, self.dim))

    def _call(self, x: Tensor) -> Tensor:
        parts = zip(self.transforms, self._slices(x), strict=True)
        return engine.cat([transform(part) for transform, part in parts], self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        parts = zip(self.transforms, self._slices(y), strict=True)
        return engine.cat([transform.inv(part) for transform, part in parts], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        terms = []
        for transform, before, after in zip(
            self.transforms, self._slices(x), self._slices(y), strict=True
        ):
            term = transform.log_abs_det_jacobian(before, after)
            terms.append(sum_rightmost(term, self.event_dim - transform.event_dim))
        dim = self.dim - x.dim() if self.dim >= 0 else self.dim
        dim += self.event_dim
        return engine.cat(terms, dim) if dim < 0 else sum(terms[1:], terms[0])


class StackTransform(Transform):
    """Applies each transform to its index of dimension ``dim``.

    >>> import engine
    >>> from engine.distributions import ExpTransform, StackTransform, identity_transform
    >>> StackTransform([ExpTransform(), identity_transform])(engine.zeros(2))
    tensor([1., 0.])
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        parts = _checked("StackTransform", tseq)
        if cache_size:
            parts = [t.with_cache(cache_size) for t in parts]
        super().__init__(cache_size=cache_size)
        self.transforms = parts
        self.dim = dim

    @property
    def bijective(self) -> bool:
        return all(t.bijective for t in self.transforms)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.stack([t.codomain for t in self.transforms], self.dim)

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return StackTransform(self.transforms, self.dim, cache_size)

    def _stacked(self, apply: Callable[..., Tensor], *values: Tensor) -> Tensor:
        for value in values:
            n = len(self.transforms)
            if not -value.dim() <= self.dim < value.dim() or value.shape[self.dim] != n:
                raise ValueError(
                    f"StackTransform: expected {n} along dim {self.dim}, got shape "
                    f"{tuple(value.shape)}"
                )
        columns = zip(self.transforms, *(v.unbind(self.dim) for v in values), strict=True)
        return engine.stack([apply(*column) for column in columns], self.dim)

    def _call(self, x: Tensor) -> Tensor:
        return self._stacked(lambda transform, part: transform(part), x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self._stacked(lambda transform, part: transform.inv(part), y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self._stacked(lambda transform, *pair: transform.log_abs_det_jacobian(*pair), x, y)
