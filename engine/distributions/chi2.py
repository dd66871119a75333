"""The chi-squared distribution."""

from __future__ import annotations

from typing import Any

from engine._C import Tensor
from engine.distributions import constraints
from engine.distributions.distribution import Shape
from engine.distributions.gamma import Gamma
from engine.distributions.utils import as_float


class Chi2(Gamma):
    """The sum of the squares of ``df`` standard normal variates: ``Gamma(df / 2, 1 / 2)``.

    >>> import engine
    >>> engine.distributions.Chi2(3.0).mean
    tensor(3.)
    """

    arg_constraints = {"df": constraints.positive}

    def __init__(self, df: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * as_float(df), 0.5, validate_args=validate_args)

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return self.concentration * 2

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        return super().expand(batch_shape, self._get_checked_instance(Chi2, _instance))
