"""Rprop."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import ANY, NON_NEGATIVE, Range
from engine.optim._base import PerParameter
from engine.optim.optimizer import ParamsT, State


class Rprop(PerParameter):
    """Steps by the signs of the gradients alone (Riedmiller and Braun, 1993).

    Each element's step starts at `lr`, is multiplied by `etas[1]` while its gradient keeps its
    sign and by `etas[0]` when it changes, within `step_sizes`.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.full((1,), 7.0)
    >>> engine.optim.Rprop([weight], lr=0.5).step()
    >>> weight.item()
    0.5
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "etas": (Range(0.0, 1.0, open="low high"), Range(1.0, open="low")),
        "step_sizes": (ANY, ANY),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": etas,
                "step_sizes": step_sizes,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        return {
            "step": 0,
            "prev": _C.zeros_like(param.data),
            "step_size": _C.full_like(param.data, float(group["lr"])),
        }

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        shrink, grow = group["etas"]
        agreement = grad * state["prev"]
        flipped = agreement < 0
        factor = _C.ones_like(grad).masked_fill_(flipped, shrink).masked_fill_(agreement > 0, grow)
        size = state["step_size"].mul_(factor).clamp_(*group["step_sizes"])
        # After a change of sign the element is skipped for one step.
        used = grad.masked_fill(flipped, 0.0)
        param.sub_(used.sign() * size)
        state["prev"].copy_(used)
