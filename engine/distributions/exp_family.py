"""Distributions whose densities are exp(natural parameters . statistics - log normalizer)."""

from __future__ import annotations

from typing import Any

import engine
from engine._C import Tensor
from engine.distributions.distribution import Distribution


class ExponentialFamily(Distribution):
    """A distribution of an exponential family.

    Subclasses say ``_natural_params``, ``_log_normalizer(*params)`` and ``_mean_carrier_measure``,
    the mean of the logarithm of the base measure; entropy and divergences within the family then
    follow from the gradient of the log normalizer (Nielsen and Nock, 2010).
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise self._missing("_natural_params")

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        raise self._missing("_log_normalizer")

    @property
    def _mean_carrier_measure(self) -> Any:
        raise self._missing("entropy")

    def _normalizer_gradients(self) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
        """The log normalizer, the natural parameters, and its gradients by them."""
        given = self._natural_params
        in_graph = engine.is_grad_enabled() and any(p.requires_grad for p in given)
        with engine.enable_grad():
            params = tuple(p if p.requires_grad else p.detach().requires_grad_() for p in given)
            normalizer = self._log_normalizer(*params)
            gradients = engine.autograd.grad(
                normalizer.sum(), params, retain_graph=in_graph, create_graph=in_graph
            )
        return (normalizer if in_graph else normalizer.detach()), given, gradients

    def entropy(self) -> Tensor:
        normalizer, params, gradients = self._normalizer_gradients()
        result = normalizer - self._mean_carrier_measure
        dims = len(self.event_shape)
        for param, gradient in zip(params, gradients, strict=True):
            part = param * gradient
            result = result - (part.flatten(-dims).sum(-1) if dims else part)
        return result
