"""ASGD."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import ANY, NON_NEGATIVE
from engine.optim._base import PerParameter, as_float32
from engine.optim.optimizer import ParamsT, State


class ASGD(PerParameter):
    """Averaged gradient descent (Polyak and Juditsky, 1992).

    `state[param]["ax"]` is the mean of the parameter over the steps after `t0`. The rate decays as
    `lr / (1 + lambd * lr * step) ** alpha`.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.ASGD([weight], lr=0.5, lambd=0.1).step()
    >>> round(weight.item(), 4)
    0.45
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "lambd": ANY,
        "alpha": ANY,
        "t0": ANY,
        "weight_decay": NON_NEGATIVE,
    }
    _counters: ClassVar = ("step", "eta", "mu")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        eta = as_float32(float(group["lr"]))
        return {"step": 0, "eta": eta, "mu": 1.0, "ax": _C.zeros_like(param.data)}

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        lr, lambd = float(group["lr"]), float(group["lambd"])
        param.mul_(1 - lambd * state["eta"]).sub_(grad, alpha=state["eta"])
        if state["mu"] == 1:
            state["ax"].copy_(param)
        else:
            state["ax"].add_(param - state["ax"], alpha=state["mu"])
        eta = lr / (1 + lambd * lr * state["step"]) ** float(group["alpha"])
        state["eta"] = as_float32(eta)
        state["mu"] = as_float32(1 / max(1.0, state["step"] - group["t0"]))
