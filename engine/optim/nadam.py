"""NAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import BELOW_ONE, NON_NEGATIVE
from engine.optim._base import PerParameter, as_float32, move_average
from engine.optim.optimizer import ParamsT, State


class NAdam(PerParameter):
    """Adam with Nesterov momentum (Dozat, 2016).

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.NAdam([weight], lr=0.1).step()
    >>> round(weight.item(), 4)
    0.8944
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "betas": (BELOW_ONE, BELOW_ONE),
        "eps": NON_NEGATIVE,
        "weight_decay": NON_NEGATIVE,
        "momentum_decay": NON_NEGATIVE,
    }

    _counters: ClassVar = ("step", "mu_product")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
                "momentum_decay": momentum_decay,
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
            "mu_product": 1.0,
            "exp_avg": _C.zeros_like(param.data),
            "exp_avg_sq": _C.zeros_like(param.data),
        }

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        (beta1, beta2), step, lr = group["betas"], state["step"], float(group["lr"])
        decay = group["momentum_decay"]
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * decay))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * decay))
        product = state["mu_product"] = as_float32(state["mu_product"] * mu)
        mean = move_average(state["exp_avg"], grad, beta1)
        square = move_average(state["exp_avg_sq"], grad * grad, beta2)
        scale = (square / (1 - beta2**step)).sqrt() + group["eps"]
        param.sub_(lr * (1 - mu) / (1 - product) * grad / scale)
        param.sub_(lr * mu_next / (1 - product * mu_next) * mean / scale)
