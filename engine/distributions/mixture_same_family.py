"""Mixtures whose components are one batch of a distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Size, Tensor
from engine.distributions import constraints
from engine.distributions.categorical import Categorical
from engine.distributions.distribution import Distribution, Shape


class MixtureSameFamily(Distribution):
    """A mixture of the last batch dimension of ``component_distribution``.

    >>> import engine
    >>> from engine.distributions import Categorical, MixtureSameFamily, Normal
    >>> halves = Categorical(engine.ones(2))
    >>> MixtureSameFamily(halves, Normal(engine.tensor([-1.0, 1.0]), 1.0)).variance
    tensor(2.)
    """

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                "MixtureSameFamily: mixture_distribution: expected a Categorical, got "
                f"{type(mixture_distribution).__name__}"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "MixtureSameFamily: component_distribution: expected a Distribution, got "
                f"{type(component_distribution).__name__}"
            )
        self._check_shapes(mixture_distribution, component_distribution)
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        self._num_component = component_distribution.batch_shape[-1]
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(
            component_distribution.batch_shape[:-1],
            component_distribution.event_shape,
            validate_args=validate_args,
        )

    @staticmethod
    def _check_shapes(mixture: Categorical, component: Distribution) -> None:
        if len(component.batch_shape) < 1:
            raise ValueError(
                "MixtureSameFamily: component_distribution: expected a batch dim for the components"
            )
        batch = component.batch_shape[:-1]
        for one, other in zip(reversed(mixture.batch_shape), reversed(batch), strict=False):
            if 1 not in (one, other) and one != other:
                raise ValueError(
                    f"MixtureSameFamily: mixture_distribution: batch shape "
                    f"{tuple(mixture.batch_shape)} does not fit the components' {tuple(batch)}"
                )
        if mixture.param_shape[-1] != component.batch_shape[-1]:
            raise ValueError(
                f"MixtureSameFamily: {mixture.param_shape[-1]} weights for "
                f"{component.batch_shape[-1]} components"
            )

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = self._get_checked_instance(MixtureSameFamily, _instance)
        batch_shape = Size(batch_shape)
        new._component_distribution = self._component_distribution.expand(
            (*batch_shape, self._num_component)
        )
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._num_component, new._event_ndims = self._num_component, self._event_ndims
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Categorical:
        """The categorical distribution over the components."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    def _weights(self) -> Tensor:
        """The mixture's probabilities beside values of the components."""
        probs = self.mixture_distribution.probs
        return probs.reshape(*probs.shape, *(1,) * self._event_ndims)

    @property
    def mean(self) -> Tensor:
        component_dim = -1 - self._event_ndims
        return (self._weights() * self.component_distribution.mean).sum(component_dim)

    @property
    def variance(self) -> Tensor:
        """The components' mean variance plus the variance of their means."""
        component_dim = -1 - self._event_ndims
        weights, component = self._weights(), self.component_distribution
        within = (weights * component.variance).sum(component_dim)
        centred = component.mean - self.mean.unsqueeze(component_dim)
        return within + (weights * centred.square()).sum(component_dim)

    def cdf(self, value: Tensor) -> Tensor:
        each = self.component_distribution.cdf(self._beside_components(value))
        return (each * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        each = self.component_distribution.log_prob(self._beside_components(value))
        weights = engine.log_softmax(self.mixture_distribution.logits, -1)
        return engine.logsumexp(each + weights, -1)

    def _beside_components(self, value: Tensor) -> Tensor:
        return value.unsqueeze(-1 - self._event_ndims)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        with engine.no_grad():
            component_dim = len(sample_shape) + len(self.batch_shape)
            chosen = self.mixture_distribution.expand(self.batch_shape).sample(sample_shape)
            samples = self.component_distribution.sample(sample_shape)
            index = chosen.reshape(*chosen.shape, *(1,) * (self._event_ndims + 1))
            index = index.expand(*chosen.shape, 1, *self.event_shape)
            return samples.gather(component_dim, index).squeeze(component_dim)

    def __repr__(self) -> str:
        return f"MixtureSameFamily({self.mixture_distribution}, {self.component_distribution})"
