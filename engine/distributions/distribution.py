"""The interface of probability distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import engine
from engine._C import Size, Tensor
from engine.distributions import constraints
from engine.distributions.utils import lazy_property

Self = TypeVar("Self", bound="Distribution")
Shape = Sequence[int]


class Distribution:
    """Base of all distributions: a batch of shape ``batch_shape`` over values of ``event_shape``.

    With ``validate_args``, parameters are checked against ``arg_constraints`` and values against
    ``support``; a violation raises a ValueError that names the argument.

    >>> import engine
    >>> normal = engine.distributions.Normal(engine.zeros(3), 1.0)
    >>> normal.batch_shape, normal.event_shape, normal.sample((2,)).shape
    (Size([3]), Size([]), Size([2, 3]))
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args: bool = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Sets the default of ``validate_args`` for distributions created from now on."""
        if not isinstance(value, bool):
            raise ValueError(f"set_default_validate_args: value: expected a bool, got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Shape = (),
        event_shape: Shape = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._validate_params()
        super().__init__()

    def _validate_params(self) -> None:
        for name, constraint in self.arg_constraints.items():
            lazy = isinstance(getattr(type(self), name, None), lazy_property)
            if constraints.is_dependent(constraint) or (lazy and name not in self.__dict__):
                continue
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(
                    f"{type(self).__name__}: argument '{name}': expected values that satisfy "
                    f"{constraint!r}, got {value}"
                )

    def _validate_sample(self, value: Tensor) -> None:
        name = type(self).__name__
        if not isinstance(value, Tensor):
            raise ValueError(f"{name}: argument 'value': expected a Tensor, got {value!r}")
        expected = self._batch_shape + self._event_shape
        event_start = value.dim() - len(self._event_shape)
        if event_start < 0 or tuple(value.shape[event_start:]) != tuple(self._event_shape):
            raise ValueError(
                f"{name}: argument 'value': expected event shape {tuple(self._event_shape)}, got "
                f"shape {tuple(value.shape)}"
            )
        for got, wanted in zip(reversed(value.shape), reversed(expected), strict=False):
            if got not in (1, wanted) and wanted != 1:
                raise ValueError(
                    f"{name}: argument 'value': expected a shape that broadcasts with "
                    f"{tuple(expected)}, got {tuple(value.shape)}"
                )
        support = self._known_support()
        if support is not None and not support.check(value).all():
            raise ValueError(
                f"{name}: argument 'value': expected values within the support {support!r}, got "
                f"{value}"
            )

    def _known_support(self) -> constraints.Constraint | None:
        try:
            return self.support
        except NotImplementedError:
            return None

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """An empty instance for expand; a subclass with its own __init__ must expand itself."""
        own = type(self).__init__
        if _instance is None and own is not cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"{type(self).__name__}: a subclass of {cls.__name__} with its own __init__ must "
                "define its own expand"
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def _expanded(self, cls: type, batch_shape: Shape, _instance: Any, *params: str) -> Any:
        """A copy whose parameters, those of the given names that exist, are expanded."""
        new, batch_shape = self._get_checked_instance(cls, _instance), Size(batch_shape)
        own = len(self._batch_shape)
        for name in params:
            if name in self.__dict__:
                value = self.__dict__[name]
                new.__dict__[name] = value.expand(batch_shape + Size(value.shape[own:]))
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _extended_shape(self, sample_shape: Shape = ()) -> Size:
        """The shape of samples: sample_shape, batch_shape, event_shape."""
        if isinstance(sample_shape, int):
            raise TypeError(
                f"{type(self).__name__}: argument 'sample_shape': expected a shape, got "
                f"{sample_shape}; write ({sample_shape},)"
            )
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    @property
    def batch_shape(self) -> Size:
        """The shape of the batch of independent distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one value."""
        return self._event_shape

    def _missing(self, name: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__}: {name} is not available")

    @property
    def arg_constraints(self) -> Mapping[str, constraints.Constraint]:
        """The set that each parameter belongs to, by name."""
        raise self._missing("arg_constraints")

    @property
    def support(self) -> Any:
        """The set that values belong to."""
        raise self._missing("support")

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise self._missing("mean")

    @property
    def mode(self) -> Tensor:
        """The value of the highest probability or density."""
        raise self._missing("mode")

    @property
    def variance(self) -> Tensor:
        """The variance of each element of a value."""
        raise self._missing("variance")

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        """The same distributions, expanded to another batch shape without copying parameters."""
        raise self._missing("expand")

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        """Draws values of shape sample_shape + batch_shape + event_shape, outside the graph."""
        with engine.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Shape = ()) -> Tensor:
        """Draws values that gradients flow through to the parameters."""
        raise self._missing("rsample")

    def sample_n(self, n: int) -> Tensor:
        """Draws n values per distribution; deprecated: ``sample((n,))``."""
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density or probability of ``value``."""
        raise self._missing("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a value of at most ``value``."""
        raise self._missing("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The quantile: the inverse of ``cdf``."""
        raise self._missing("icdf")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution along a new first dimension.

        With ``expand=False`` the batch dimensions have size 1.
        """
        raise self._missing("enumerate_support")

    def entropy(self) -> Tensor:
        """The expected value of ``-log_prob``."""
        raise self._missing("entropy")

    def perplexity(self) -> Tensor:
        """``exp`` of the entropy."""
        return engine.exp(self.entropy())

    def __repr__(self) -> str:
        names = [name for name in self._repr_constraints() if name in self.__dict__]
        values = ", ".join(f"{name}: {_shown(self.__dict__[name])}" for name in names)
        return f"{type(self).__name__}({values})"

    def _repr_constraints(self) -> Mapping[str, Any]:
        try:
            return self.arg_constraints
        except NotImplementedError:
            return {}


def _shown(value: Any) -> str:
    """A parameter in messages: a single number, or the shape."""
    if not isinstance(value, Tensor):
        return repr(value)
    return str(value.item()) if value.numel() == 1 else str(value.shape)
