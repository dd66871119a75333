"""Adamax."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import BELOW_ONE, NON_NEGATIVE
from engine.optim._base import PerParameter, move_average
from engine.optim.optimizer import ParamsT, State


class Adamax(PerParameter):
    """Adam with the maximum norm as its second moment (Kingma and Ba, 2014).

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.Adamax([weight], lr=0.5).step()
    >>> round(weight.item(), 4)
    0.5
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
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        return {
            "step": 0,
            "exp_avg": _C.zeros_like(param.data),
            "exp_inf": _C.zeros_like(param.data),
        }

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        mean = move_average(state["exp_avg"], grad, beta1)
        largest = _C.maximum(state["exp_inf"] * beta2, grad.abs() + group["eps"])
        state["exp_inf"].copy_(largest)
        lr = float(group["lr"]) / (1 - beta1 ** state["step"])
        param.sub_(lr * mean / largest)
