"""Adadelta."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import NON_NEGATIVE, Range
from engine.optim._base import PerParameter, move_average
from engine.optim.optimizer import ParamsT, State


class Adadelta(PerParameter):
    """Steps scaled by the running mean square of earlier steps (Zeiler, 2012).

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.Adadelta([weight], lr=1.0).step()
    >>> round(weight.item(), 4)
    0.9968
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "rho": Range(0.0, 1.0),
        "eps": NON_NEGATIVE,
        "weight_decay": NON_NEGATIVE,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "capturable": capturable,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        return {
            "step": 0,
            "square_avg": _C.zeros_like(param.data),
            "acc_delta": _C.zeros_like(param.data),
        }

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        rho, eps = group["rho"], group["eps"]
        std = (move_average(state["square_avg"], grad * grad, rho) + eps).sqrt()
        delta = (state["acc_delta"] + eps).sqrt() / std * grad
        move_average(state["acc_delta"], delta * delta, rho)
        param.sub_(delta * float(group["lr"]))
