"""SparseAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from engine._C import Tensor
from engine._validation import BELOW_ONE, POSITIVE
from engine.optim._base import PerParameter
from engine.optim.optimizer import ParamsT, State


class SparseAdam(PerParameter):
    """Adam for sparse gradients, which this engine does not have yet.

    As in PyTorch, a step with a dense gradient raises RuntimeError: use Adam.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.SparseAdam([weight]).step()
    Traceback (most recent call last):
    RuntimeError: SparseAdam: takes no dense gradients, and there are no sparse ones yet; use Adam
    """

    _ranges: ClassVar = {"lr": POSITIVE, "betas": (BELOW_ONE, BELOW_ONE), "eps": POSITIVE}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        raise RuntimeError(
            "SparseAdam: takes no dense gradients, and there are no sparse ones yet; use Adam"
        )
