"""Adagrad."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import NON_NEGATIVE
from engine.optim._base import PerParameter
from engine.optim.optimizer import ParamsT, State


class Adagrad(PerParameter):
    """Gradients divided by the root of the sum of their squares (Duchi et al., 2011).

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.Adagrad([weight], lr=0.5).step()
    >>> round(weight.item(), 4)
    0.5
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "lr_decay": NON_NEGATIVE,
        "weight_decay": NON_NEGATIVE,
        "initial_accumulator_value": NON_NEGATIVE,
        "eps": NON_NEGATIVE,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "eps": eps,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self._initial_state(param, group)

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        return {"step": 0, "sum": _C.full_like(param.data, group["initial_accumulator_value"])}

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        lr = float(group["lr"]) / (1 + (state["step"] - 1) * group["lr_decay"])
        total = state["sum"].add_(grad * grad)
        param.sub_(lr * grad / (total.sqrt() + group["eps"]))
