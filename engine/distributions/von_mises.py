"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Distribution, Shape
from engine.distributions.utils import broadcast_all, lazy_property


class VonMises(Distribution):
    """Angles around ``loc``, in radians, with density proportional to ``exp(k * cos(x - loc))``.

    k is ``concentration``. Samples are in [-pi, pi) and drawn by rejection in float64 (Best and
    Fisher, 1979).

    >>> import engine
    >>> engine.distributions.VonMises(0.0, 1.0).log_prob(engine.tensor(0.0))
    tensor(-1.0738)
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(
        self,
        loc: Tensor | float,
        concentration: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return self._expanded(VonMises, batch_shape, _instance, "loc", "concentration")

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        k = self.concentration
        centred = k * (engine.cos(value - self.loc) - 1)
        return centred - math.log(2 * math.pi) - engine.special.i0e(k).log()

    @lazy_property
    def _proposal_r(self) -> Tensor:
        """The parameter of the wrapped Cauchy proposal; its limit where the concentration is small."""  # noqa: E501
        k = self.concentration.detach().double()
        tau = 1 + (1 + 4 * k.square()).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return engine.where(k < 1e-5, 1 / k + k, (1 + rho.square()) / (2 * rho))

    def sample(self, sample_shape: Shape = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with engine.no_grad():
            loc = self.loc.double().expand(shape).flatten()
            k = self.concentration.double().expand(shape).flatten()
            r = self._proposal_r.expand(shape).flatten()
            angle, waiting = engine.empty_like(loc), engine.arange(loc.numel())
            while waiting.numel():
                found, accepted = _proposed(k[waiting], r[waiting])
                angle[waiting[accepted]] = found[accepted]
                waiting = waiting[~accepted]
            wrapped = (angle + math.pi + loc) % (2 * math.pi) - math.pi
            return wrapped.reshape(shape).to(self.loc.dtype)

    @property
    def mean(self) -> Tensor:
        """The circular mean."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The circular variance, from 0 to 1."""
        k = self.concentration
        return 1 - engine.special.i1e(k) / engine.special.i0e(k)


def _proposed(k: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    """Angles drawn from the proposal, and the mask of those accepted."""
    u = engine.rand((3, k.numel()), dtype=k.dtype)
    z = engine.cos(math.pi * u[0])
    f = ((1 + r * z) / (r + z)).clamp(-1, 1)
    c = k * (r - f)
    accepted = (c * (2 - c) - u[1] > 0) | ((c / u[1]).log() + 1 - c >= 0)
    return (u[2] - 0.5).sign() * f.acos(), accepted
