"""Distributions parametrized by either probabilities or logits."""

from __future__ import annotations

from typing import Any

from engine._C import Size, Tensor
from engine.distributions.utils import lazy_property, logits_to_probs, probs_to_logits


def exactly_one(name: str, **given: Any) -> Any:
    """The only argument that is not None. Raises ValueError unless there is exactly one."""
    present = [key for key, value in given.items() if value is not None]
    if len(present) != 1:
        names, count = " or ".join(given), "none" if not present else " and ".join(present)
        raise ValueError(f"{name}: expected exactly one of {names}, got {count}")
    return given[present[0]]


class _Given:
    """Common to both parametrizations: ``_param`` is the tensor that was given."""

    _param: Tensor

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return self._param.shape


class BinaryParam(_Given):
    """``probs`` of success, or ``logits``, their log-odds."""

    @lazy_property
    def logits(self) -> Tensor:
        """The log-odds of success."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        """The probability of success."""
        return logits_to_probs(self.logits, is_binary=True)


class CategoryParam(_Given):
    """``probs`` of each category along the last dimension, or ``logits``, their logarithms."""

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities, which sum to 1."""
        return logits_to_probs(self.logits)
