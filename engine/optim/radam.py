"""RAdam."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import BELOW_ONE, NON_NEGATIVE
from engine.optim._base import PerParameter, move_average
from engine.optim.optimizer import ParamsT, State


class RAdam(PerParameter):
    """Adam with rectified variance of the second moment in early steps (Liu et al., 2019).

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.RAdam([weight], lr=0.1).step()
    >>> round(weight.item(), 4)
    0.9
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "betas": (BELOW_ONE, BELOW_ONE),
        "eps": NON_NEGATIVE,
        "weight_decay": NON_NEGATIVE,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        return {
            "step": 0,
            "exp_avg": _C.zeros_like(param.data),
            "exp_avg_sq": _C.zeros_like(param.data),
        }

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        (beta1, beta2), step, lr = group["betas"], state["step"], float(group["lr"])
        mean = move_average(state["exp_avg"], grad, beta1) / (1 - beta1**step)
        square = move_average(state["exp_avg_sq"], grad * grad, beta2)
        correction = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / correction
        if length <= 5.0:  # the variance is not defined yet
            param.sub_(lr * mean)
            return
        rectifier = math.sqrt(
            (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        )
        scale = math.sqrt(correction) / (square.sqrt() + group["eps"])
        param.sub_(lr * rectifier * mean * scale)
