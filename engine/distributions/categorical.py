"""The categorical distribution."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Size, Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.parametrization import CategoryParam, exactly_one


class Categorical(CategoryParam, Distribution):
    """The indices 0 to K - 1, with relative weights ``probs`` or their logarithms ``logits``.

    The last dimension of the parameter counts the categories; weights need not sum to 1.

    >>> import engine
    >>> engine.distributions.Categorical(engine.tensor([1.0, 3.0])).probs
    tensor([0.2500, 0.7500])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = exactly_one("Categorical", probs=probs, logits=logits)
        name = "logits" if probs is None else "probs"
        if given.dim() < 1:
            raise ValueError(f"Categorical: {name}: expected at least one dim, got a 0-d tensor")
        if probs is None:
            self._param = given - given.logsumexp(-1, keepdim=True)
        else:
            self._param = given / given.sum(-1, keepdim=True)
        setattr(self, name, self._param)
        self._num_events = self._param.shape[-1]
        super().__init__(self._param.shape[:-1], validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        names = ("probs", "logits", "_param")
        new = self._expanded(Categorical, batch_shape, _instance, *names)
        new._num_events = self._num_events
        return new

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> constraints.Constraint:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        """nan: categories are not numbers."""
        return self._no_number()

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        """nan: categories are not numbers."""
        return self._no_number()

    def _no_number(self) -> Tensor:
        return engine.full(
            self._batch_shape, engine.nan, dtype=self.probs.dtype, device=self.probs.device
        )

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        sample_shape, flat = Size(sample_shape), self.probs.detach().reshape(-1, self._num_events)
        if sample_shape.numel() == 0 or flat.shape[0] == 0:
            return engine.empty(self._extended_shape(sample_shape), dtype=engine.int64)
        drawn = engine.multinomial(flat, sample_shape.numel(), True)
        return drawn.T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        value, log_pmf = engine.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return log_pmf.gather(-1, value[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        lowest = engine.finfo(self.logits.dtype).min
        return -(self.logits.clamp(min=lowest) * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = engine.arange(self._num_events, dtype=engine.int64, device=self._param.device)
        values = values.view(-1, *(1,) * len(self._batch_shape))
        return values.expand(-1, *self._batch_shape) if expand else values
