"""The binomial distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.parametrization import BinaryParam, exactly_one
from engine.distributions.utils import broadcast_all
from engine.nn.functional import logsigmoid


class Binomial(BinaryParam, Distribution):
    """The number of successes in ``total_count`` independent trials; by ``probs`` or ``logits``.

    >>> import engine
    >>> engine.distributions.Binomial(4, 0.5).log_prob(engine.tensor(2.0)).exp()
    tensor(0.3750)
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Tensor | int = 1,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = exactly_one("Binomial", probs=probs, logits=logits)
        count, self._param = broadcast_all(total_count, given)
        self.total_count = count.to(self._param.dtype)
        setattr(self, "logits" if probs is None else "probs", self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("total_count", "probs", "logits", "_param")
        return self._expanded(Binomial, batch_shape, _instance, *names)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> constraints.Constraint:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with engine.no_grad():
            return engine.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        failures = self.total_count - value
        choices = (
            engine.lgamma(self.total_count + 1)
            - engine.lgamma(value + 1)
            - engine.lgamma(failures + 1)
        )
        return choices + value * logsigmoid(self.logits) + failures * logsigmoid(-self.logits)

    def entropy(self) -> Tensor:
        """Raises NotImplementedError where total_count differs within the batch."""
        log_prob = self.log_prob(self._values("entropy"))
        return -(engine.exp(log_prob) * log_prob).sum(0)

    def _values(self, function: str) -> Tensor:
        """0, 1, ... total_count along a new first dimension."""
        total = int(self.total_count.max()) if self.total_count.numel() else 0
        if self.total_count.numel() and int(self.total_count.min()) != total:
            raise NotImplementedError(
                f"Binomial: {function} needs one total_count for the whole batch"
            )
        values = engine.arange(1 + total, dtype=self._param.dtype, device=self._param.device)
        return values.view(-1, *(1,) * len(self._batch_shape))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = self._values("enumerate_support")
        return values.expand(-1, *self._batch_shape) if expand else values
