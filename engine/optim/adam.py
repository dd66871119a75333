"""Adam."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import BELOW_ONE, NON_NEGATIVE
from engine.optim._base import BuiltinOptimizer
from engine.optim.optimizer import Closure, ParamsT


class Adam(BuiltinOptimizer):
    """Adaptive moments (Kingma and Ba, 2014), all parameters in one call.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.Adam([weight], lr=0.5).step()
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
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "foreach": foreach,
                "maximize": maximize,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters by their gradients; closure recomputes and returns the loss."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            params = [param for param in group["params"] if param.grad is not None]
            states = [self.state[param] or self._initial_state(param, group) for param in params]
            if len({state["step"] for state in states}) == 1:
                self._apply(group, params, states)
            else:
                self._apply_by_step(group, params, states)
        return loss

    def _apply_by_step(self, group: dict[str, Any], params: list[Any], states: list[Any]) -> None:
        """Groups parameters by step count, as those without a gradient in some step have fewer."""
        by_step: dict[int, list[int]] = {}
        for i, state in enumerate(states):
            by_step.setdefault(state["step"], []).append(i)
        for at in by_step.values():
            self._apply(group, [params[i] for i in at], [states[i] for i in at])

    def _initial_state(self, param: Any, group: dict[str, Any]) -> dict[str, Any]:
        state = self.state[param]
        state["step"] = 0
        names = ["exp_avg", "exp_avg_sq"]
        if group["amsgrad"]:
            names.append("max_exp_avg_sq")
        for name in names:
            state[name] = _C.zeros_like(param.data)
        return state

    def _apply(self, group: dict[str, Any], params: list[Any], states: list[Any]) -> None:
        amsgrad = group["amsgrad"]
        step = states[0]["step"] + 1
        beta1, beta2 = group["betas"]
        _C.adam_step_(
            params,
            [param.grad for param in params],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [state["max_exp_avg_sq"] for state in states] if amsgrad else [],
            step=step,
            lr=float(group["lr"]),
            beta1=float(beta1),
            beta2=float(beta2),
            eps=float(group["eps"]),
            weight_decay=float(group["weight_decay"]),
            decoupled=group["decoupled_weight_decay"],
            amsgrad=amsgrad,
            maximize=group["maximize"],
        )
        for state in states:
            state["step"] = step
