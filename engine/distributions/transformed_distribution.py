"""Distributions of transformed variates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import engine
from engine._C import Size, Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.independent import Independent
from engine.distributions.transforms import ComposeTransform, Transform
from engine.distributions.transforms.base import sum_rightmost


def _listed(transforms: Any) -> list[Transform]:
    listed = [transforms] if isinstance(transforms, Transform) else transforms
    if not isinstance(listed, list) or not all(isinstance(t, Transform) for t in listed):
        raise ValueError(
            f"TransformedDistribution: transforms: expected a Transform or a list, got {transforms}"
        )
    return listed


class TransformedDistribution(Distribution):
    """The distribution of variates of ``base_distribution`` after a chain of transforms.

    >>> import engine
    >>> from engine.distributions import ExpTransform, Normal, TransformedDistribution
    >>> TransformedDistribution(Normal(0.0, 1.0), ExpTransform()).cdf(engine.tensor(1.0))
    tensor(0.5000)
    """

    arg_constraints: dict[str, constraints.Constraint] = {}
    base_dist: Any

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        self.transforms = _listed(transforms)
        transform = ComposeTransform(self.transforms)
        base, domain_dim = base_distribution, transform.domain.event_dim
        base_shape = base.batch_shape + base.event_shape
        base_event_dim = len(base.event_shape)
        if len(base_shape) < domain_dim:
            raise ValueError(
                f"TransformedDistribution: base_distribution: expected at least {domain_dim} dims, "
                f"got shape {tuple(base_shape)}"
            )
        shape = Size(transform.forward_shape(base_shape))
        expanded = Size(transform.inverse_shape(shape))
        if base_shape != expanded:
            base = base.expand(expanded[: len(expanded) - base_event_dim])
        if domain_dim > base_event_dim:
            base = Independent(base, domain_dim - base_event_dim)
        self.base_dist = base
        event_dim = transform.codomain.event_dim + max(base_event_dim - domain_dim, 0)
        cut = len(shape) - event_dim
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(TransformedDistribution, _instance)
        new.transforms = self.transforms
        inner = ComposeTransform(self.transforms).inverse_shape((*batch_shape, *self.event_shape))
        base_batch = inner[: len(inner) - len(self.base_dist.event_shape)]
        new.base_dist = self.base_dist.expand(base_batch)
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def has_rsample(self) -> bool:
        return bool(self.base_dist.has_rsample)

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        codomain = self.transforms[-1].codomain
        more = len(self.event_shape) - codomain.event_dim
        return constraints.independent(codomain, more) if more > 0 else codomain

    def _transformed(self, x: Tensor) -> Tensor:
        for transform in self.transforms:
            x = transform(x)
        return x

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with engine.no_grad():
            return self._transformed(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        return self._transformed(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        event_dim, y, log_det = len(self.event_shape), value, 0.0
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            event_dim += transform.domain.event_dim - transform.codomain.event_dim
            term = transform.log_abs_det_jacobian(x, y)
            log_det = log_det + sum_rightmost(term, event_dim - transform.domain.event_dim)
            y = x
        base_log_prob = self.base_dist.log_prob(y)
        more = event_dim - len(self.base_dist.event_shape)
        return sum_rightmost(base_log_prob, more) - log_det

    def _in_direction(self, probability: Tensor) -> Tensor:
        """A probability, or its complement where the transforms decrease."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        if isinstance(sign, int) and sign == 1:
            return probability
        return sign * (probability - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Tensor:
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._in_direction(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        return self._transformed(self.base_dist.icdf(self._in_direction(value)))
